"""The only source of time. Code passes intervals to SQL, where `now()` decides; tests freeze this clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
