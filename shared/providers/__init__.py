"""Adapters to the outside: mail servers, geocoders, public data. Every call has a timeout."""
