"""What web and worker both need. Imports inside run one way; `pyproject.toml` holds the contract."""
