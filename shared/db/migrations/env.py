"""Alembic's entry: `dearrep db upgrade` hands the connection in through the configuration."""

from alembic import context

from shared.db.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, compare_type=True, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
