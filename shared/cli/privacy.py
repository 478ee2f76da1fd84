"""`dearrep privacy …`: what the law gives to every supporter."""

import click

from shared.cli.stack import open_stack
from shared.errors import InputError
from shared.services.erasure import erase_person


@click.group(name="privacy")
def privacy_group() -> None:
    """Delete what is known about a supporter."""


@privacy_group.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(email: str, *, yes: bool) -> None:
    """Delete name, addresses and texts of the supporter with this EMAIL, and stop what has not left. Counts stay."""
    if not yes:
        click.confirm("This can't be undone. Letters that have left stay with their offices. Go on?", abort=True)
    with open_stack() as stack:
        try:
            count = erase_person(stack.engine, stack.settings, email)
        except InputError as error:
            raise click.BadParameter("; ".join(error.fields.values())) from None
    click.echo(f"Deleted: {count} submission{'s' if count != 1 else ''}.")
