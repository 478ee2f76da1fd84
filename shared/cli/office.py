"""`dearrep office …`: what a person knows better about offices than the roster, with its reason, and undone."""

import click
from sqlalchemy import Engine

from shared.cli.stack import Stack, open_stack, whoever_runs_this
from shared.domain.office_changes import CHANGE_WORDS, ChangeKind
from shared.errors import InputError
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.delivery.switches import read_switches
from shared.services.letter_fit import HELD, LEAVES
from shared.services.office_addresses import try_failing_addresses
from shared.services.offices.changes import Made, make_change, read_seat, undo_change
from shared.services.offices.correct import find_office, list_changes
from shared.services.offices.wanted import By, read_wanted

_SEAT = click.option(
    "--seat", default=1, show_default=True, help="Which seat, where a district elects several members."
)
_REASON = click.option("--reason", default="Known at the command line", show_default=True, help="Why, for the record.")
_FROM = click.option("--from", "on", help="The day, such as 2027-01-06; today without it. A later one is waited for.")
_OFFICE = click.argument("ocd_id")


@click.group(name="office")
def office_group() -> None:
    """Correct offices: addresses, vacancies, successors. `dearrep lookup --json` prints an office's OCD_ID."""


@office_group.command("address")
@_OFFICE
@click.argument("email", required=False)
@click.option("--second", help="Another address, tried when the first one fails; empty takes it away.")
@click.option("--own", help="The office's own address, whoever holds it; held letters can be released to it.")
@_SEAT
@_REASON
def address(ocd_id: str, email: str | None, second: str | None, own: str | None, seat: int, reason: str) -> None:
    """Set the EMAIL of the office OCD_ID. Letters that were held for it leave."""
    given = {"email": email, "second_email": second, "general_email": own}
    typed = {name: value for name, value in given.items() if value is not None}
    if not typed:
        raise click.UsageError("Give an address, or --second, or --own.")
    _change(ocd_id, seat, ChangeKind.ADDRESS, {**typed, "reason": reason}, "Corrected.")


@office_group.command("vacant")
@_OFFICE
@_FROM
@_SEAT
@_REASON
def vacant(ocd_id: str, on: str | None, seat: int, reason: str) -> None:
    """Nobody holds the office any more. Letters that wait are held for whoever comes."""
    _change(ocd_id, seat, ChangeKind.VACANT, {"on": on or "", "reason": reason}, "The seat is vacant.")


@office_group.command("seat")
@_OFFICE
@click.argument("name")
@click.option("--email", default="", help="Their address.")
@click.option("--party", default="", help="Their party, as the roster spells it.")
@_FROM
@_SEAT
@_REASON
def successor(ocd_id: str, name: str, email: str, party: str, on: str | None, seat: int, reason: str) -> None:
    """NAME holds the office. Letters that are held are written anew for them and leave."""
    typed = {"name": name, "email": email, "party": party, "on": on or "", "reason": reason}
    _change(ocd_id, seat, ChangeKind.SEATED, typed, f"{name} holds the seat.")


@office_group.command("release")
@_OFFICE
@_SEAT
@_REASON
def release(ocd_id: str, seat: int, reason: str) -> None:
    """Let letters that are held for a vacant seat leave to the office's own address."""
    _change(ocd_id, seat, ChangeKind.RELEASED, {"reason": reason}, "Released.")


@office_group.command("changes")
@_OFFICE
@_SEAT
@click.option("--undo", type=int, metavar="NUMBER", help="Undo this one, or call it off while it waits for its day.")
def changes(ocd_id: str, seat: int, undo: int | None) -> None:
    """What people changed about the office, newest first."""
    with open_stack() as stack:
        with stack.engine.connect() as connection:
            office_id = find_office(connection, ocd_id, seat)
        if undo is not None:
            made = undo_change(stack.engine, _ring(stack), office_id, undo, By(whoever_runs_this()))
            click.echo(f"Undone. {_outcome(made, stack)}")
            return
        for row in list_changes(stack.engine, office_id):
            words = CHANGE_WORDS[ChangeKind(row["kind"])]
            click.echo(f"{row['id']}  {row['on_date']}  {row['state']}  {words}. {row['who']}: {row['reason']}")


@office_group.command("retry")
def retry() -> None:
    """Take all failing addresses for working again. Letters that were held for them leave."""
    with open_stack() as stack:
        released = try_failing_addresses(stack.engine, _ring(stack))
        click.echo(_leaving(released, stack))


def _change(ocd_id: str, seat: int, kind: ChangeKind, typed: dict[str, str], done: str) -> None:
    with open_stack() as stack:
        made = _make(stack.engine, _ring(stack), (ocd_id, seat), kind, typed)
        click.echo(f"It is noted for {typed['on']}." if made.is_planned else f"{done} {_outcome(made, stack)}")


def _make(engine: Engine, ring: Ring, office: tuple[str, int], kind: ChangeKind, typed: dict[str, str]) -> Made:
    with engine.begin() as connection:
        office_id = find_office(connection, *office)
        now = read_seat(connection, office_id)
        typed = {**typed, "on": typed.get("on") or now.today.isoformat()}
        try:
            wanted = read_wanted(kind, typed, now)
        except InputError as error:
            raise click.BadParameter("; ".join(error.fields.values())) from None
    return make_change(engine, ring, office_id, wanted, By(whoever_runs_this()))


def _ring(stack: Stack) -> Ring:
    return Ring(make_celery(stack.settings), connect_redis(stack.settings.redis_url))


def _outcome(made: Made, stack: Stack) -> str:
    held = made.letters[HELD]
    waiting = "" if not held else " 1 letter is held." if held == 1 else f" {held} letters are held."
    return f"{_leaving(made.letters[LEAVES], stack)}{waiting}"


def _leaving(number: int, stack: Stack) -> str:
    letters = "1 letter leaves" if number == 1 else f"{number} letters leave"
    if number and read_switches(stack.engine).stops_all:
        return f"{letters} once nothing is paused or held: dearrep delivery status."
    return f"{letters} {'now' if stack.running.has_worker or not number else 'once a worker runs'}."
