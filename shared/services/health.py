"""Whether this process can serve: database reachable and migrated. The broker is a doorbell, so its loss is no stop."""

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db.upgrade import is_current


def check_ready(engine: Engine) -> list[str]:
    """What keeps this process from serving, in plain words; empty when it is ready."""
    try:
        with engine.connect() as connection:
            if not is_current(connection):
                return ["The database schema is older than this program. Run: dearrep db upgrade"]
    except SQLAlchemyError:
        return ["The database can't be reached. Check DATABASE_URL and that PostgreSQL runs."]
    return []
