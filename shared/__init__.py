"""What web and worker both need. Imports inside run one way; `pyproject.toml` holds the contract."""

__version__ = "0.1.0"
