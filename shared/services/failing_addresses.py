"""The addresses of a campaign's offices that fail: what organizers read about them, and the correction of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import results
from shared.db.engine import at_once
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.letter_words import office_label
from shared.errors import InputError, NotFound
from shared.queue.ring import Ring
from shared.services.offices.correct import correct_addresses
from shared.services.offices.wanted import By


@dataclass(frozen=True)
class FailingAddress:
    """An office of which an address fails, or that has none: then nothing is `failing`, `since` never.

    `goes_to` is where its letters go meanwhile, empty when they are held.
    """

    office_id: int
    ocd_id: str
    seat: int
    office: str
    district: str
    email: str
    second_email: str
    failing: tuple[str, ...]
    goes_to: str
    since: datetime | None
    words: str
    held: int


def list_failing(engine: Engine, campaign_id: int) -> list[FailingAddress]:
    """The offices of this campaign of which an address fails."""
    with at_once(engine) as connection:
        return read_failing(connection, campaign_id)


def read_failing(connection: Connection, campaign_id: int) -> list[FailingAddress]:
    """The same within somebody's transaction."""
    return [_failing(row) for row in results.failing_addresses(connection, campaign_id)]


def find_mendable(engine: Engine, campaign_id: int, office_id: int) -> FailingAddress:
    """One of them, or an office without any address; raises NotFound."""
    with at_once(engine) as connection:
        row = results.mendable_address(connection, campaign_id, office_id)
    if row is None:
        raise NotFound("No address of this office fails.")
    return _failing(row)


def correct_failing(engine: Engine, ring: Ring, line: FailingAddress, typed: Mapping[str, str], by: By) -> int:
    """Other addresses for the office; one that stays the same goes on failing. Returns how many held letters leave.

    Raises InputError when nothing was changed or something is no address, NotFound when nobody holds the office now.
    """
    if not typed.get("email", "").strip():
        raise InputError({"email": "Enter an email address in the form name@example.org"})
    if all(typed.get(name, "").strip().lower() == getattr(line, name).lower() for name in ("email", "second_email")):
        raise InputError({"email": "This is the address that fails. Enter another one here, or a second address below"})
    return correct_addresses(engine, ring, line.office_id, typed, by)


def _failing(row: RowMapping) -> FailingAddress:
    addresses = ((row["email"], row["email_failed_at"]), (row["second_email"], row["second_failed_at"]))
    working = [address for address, failed_at in addresses if address and failed_at is None]
    return FailingAddress(
        office_id=row["id"],
        ocd_id=row["ocd_id"],
        seat=row["seat"],
        office=office_label(row["title"], row["name"], row["district"]),
        district=row["district"],
        email=row["email"],
        second_email=row["second_email"],
        failing=tuple(address for address, failed_at in addresses if failed_at is not None),
        goes_to=working[0] if working else "",
        since=min((failed_at for _, failed_at in addresses if failed_at is not None), default=None),
        words=CAUSE_WORDS[Cause(row["email_failure"])].what,
        held=row["held"],
    )
