"""`dearrep organizer`: lets a person into the dashboard who has no password yet, or forgot it."""

import click

from shared.cli.stack import open_stack
from shared.services.organizers import issue_one_time_password
from shared.services.two_steps import switch_off_for


@click.group(name="organizer")
def organizer_group() -> None:
    """Let organizers in."""


@organizer_group.command(name="two-steps-off")
@click.option("--email", help="The organizer's email address; by default DEARREP_ORGANIZER_EMAIL.")
def two_steps_off_command(email: str | None) -> None:
    """Let in an organizer whose phone and recovery codes are gone: the password alone is enough again."""
    with open_stack() as stack:
        address = email or stack.settings.organizer_email
        switch_off_for(stack.engine, address)
    click.echo(
        f"{address} signs in with the password alone. They can add a second step again on the page “Your account”."
    )


@organizer_group.command(name="password")
@click.option("--email", help="The organizer's email address; by default DEARREP_ORGANIZER_EMAIL.")
def password_command(email: str | None) -> None:
    """Print a password that works once; the dashboard then asks for a lasting one."""
    with open_stack() as stack:
        address = email or stack.settings.organizer_email
        password = issue_one_time_password(stack.engine, address)
    click.echo(f"Sign in as {address} with this one-time password: {password}")
