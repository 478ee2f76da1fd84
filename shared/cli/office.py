"""`dearrep office …`: the email addresses of offices, as a person knows them."""

import click

from shared.cli.stack import open_stack
from shared.errors import InputError
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.office_addresses import correct_address, try_failing_addresses


@click.group(name="office")
def office_group() -> None:
    """Correct the addresses of offices."""


@office_group.command("address")
@click.argument("ocd_id")
@click.argument("email", required=False)
@click.option("--second", help="Another address, tried when the first one fails; empty takes it away.")
@click.option("--seat", default=1, show_default=True, help="Which seat, where a district elects several members.")
def address(ocd_id: str, email: str | None, second: str | None, seat: int) -> None:
    """Set the EMAIL of the office OCD_ID (`dearrep lookup --json` prints it). Letters that were held for it leave."""
    if email is None and second is None:
        raise click.UsageError("Give an address, or --second, or both.")
    with open_stack() as stack:
        ring = Ring(make_celery(stack.settings), connect_redis(stack.settings.redis_url))
        try:
            released = correct_address(stack.engine, ring, ocd_id, email=email, second_email=second, seat=seat)
        except InputError as error:
            raise click.BadParameter("; ".join(error.fields.values())) from None
    click.echo(f"Corrected. {_letters(released)} now.")


@office_group.command("retry")
def retry() -> None:
    """Take all failing addresses for working again. Letters that were held for them leave."""
    with open_stack() as stack:
        ring = Ring(make_celery(stack.settings), connect_redis(stack.settings.redis_url))
        released = try_failing_addresses(stack.engine, ring)
    click.echo(f"{_letters(released)} now.")


def _letters(number: int) -> str:
    return "1 letter leaves" if number == 1 else f"{number} letters leave"
