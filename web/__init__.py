"""The HTTP front end: validate, one transaction, ring, answer. Imports `shared`, never `worker`."""
