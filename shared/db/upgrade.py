"""Runs the migrations, under a lock, so that two starting processes do not collide."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from shared.paths import MIGRATIONS

# Any constant number; it only has to differ from other advisory locks of this database.
_LOCK = 7_310_042


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file, bound to `connection`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> None:
    """Brings the schema to the newest migration."""
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        try:
            command.upgrade(alembic_config(connection), "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            connection.commit()


def is_current(connection: Connection) -> bool:
    """True when the schema is at the newest migration of this code."""
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest
