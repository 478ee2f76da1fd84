"""Brings public data files into the directory. Each importer is one transaction and can be repeated."""
