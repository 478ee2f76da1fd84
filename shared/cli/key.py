"""`dearrep key`: going on with another secret key, after saying what that costs."""

import click

from shared.cli.stack import open_stack, whoever_runs_this
from shared.errors import NotAllowed
from shared.services.secret_key import Loss, accept_key, is_known_key, loss_of


@click.group(name="key")
def key_group() -> None:
    """Manage DEARREP_SECRET_KEY, which signs links and decrypts stored secrets."""


@key_group.command("accept")
@click.option("--yes", is_flag=True, help="Do not ask.")
def accept(*, yes: bool) -> None:
    """Accept the key that is set now, because the old one is lost."""
    with open_stack(any_key=True) as stack:
        if is_known_key(stack.engine, stack.settings):
            raise NotAllowed("The key that is set already matches the database. There is nothing to accept.")
        click.echo("With a new key you permanently lose:")
        for line in _lines(loss_of(stack.engine)):
            click.echo(f"  - {line}")
        if not yes and not click.confirm("Is the old key lost, and do you want to continue without it?"):
            raise NotAllowed("Nothing was changed.")
        accept_key(stack.engine, stack.settings, who=whoever_runs_this())
    click.echo("Accepted. Restart web, workers, scheduler and listeners, each with this key.")


def _lines(loss: Loss) -> list[str]:
    lines = [
        "Links in emails that you sent: to supporters' own letters, to unsubscribe, personal invitations, exports.",
        "Marks on sent mail: its bounces, answers and delivery notices are no longer recognized.",
        "The match by email address: people can write again, and `privacy erase` misses what they wrote before.",
        f"Addresses that must get no more email: {loss.suppressions:,}. People who unsubscribed may get email again.",
        "Sign-ins and forms that are open in browsers now.",
    ]
    if loss.has_relay_password:
        lines.append("The mail relay's password that was entered in the console: enter it again under “Mail relay”.")
    if loss.organizers_with_two_steps:
        lines.append(
            f"The second step of {loss.organizers_with_two_steps:,} organizers. Let each in again: dearrep organizer"
            " two-steps-off"
        )
    return lines
