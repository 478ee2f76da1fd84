"""The `dearrep` command."""
