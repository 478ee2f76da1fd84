"""`dearrep db`: commands for the database's schema."""

import click

from shared.cli.stack import open_stack
from shared.db.upgrade import upgrade
from shared.services.secret_key import check_key, check_key_if_migrated


@click.group(name="db")
def database_group() -> None:
    """Look after the database."""


@database_group.command(name="upgrade")
def upgrade_command() -> None:
    """Bring the schema to this version. Make a backup first; see docs/operations.md."""
    with open_stack(migrated=False) as stack:
        check_key_if_migrated(stack.engine, stack.settings)
        upgrade(stack.engine)
        check_key(stack.engine, stack.settings)
    click.echo("The database is up to date.")
