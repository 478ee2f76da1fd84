"""`dearrep db`: commands for the database's schema."""

import click

from shared.cli.stack import open_stack
from shared.db.upgrade import upgrade


@click.group(name="db")
def database_group() -> None:
    """Look after the database."""


@database_group.command(name="upgrade")
def upgrade_command() -> None:
    """Bring the schema to this version. Make a backup first; see docs/operations.md."""
    with open_stack(migrated=False) as stack:
        upgrade(stack.engine)
    click.echo("The database is up to date.")
