"""The addresses of an office corrected in one step, for whoever knows which office it is and why."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import office_addresses, office_changes
from shared.db.engine import at_once
from shared.domain.office_changes import ChangeKind
from shared.errors import NotFound
from shared.queue.ring import Ring
from shared.services.letter_fit import LEAVES
from shared.services.offices.changes import make_change, read_seat
from shared.services.offices.wanted import By, read_wanted

FAILS = "The address failed"


def correct_addresses(engine: Engine, ring: Ring, office_id: int, typed: Mapping[str, str], by: By) -> int:
    """The addresses that were typed replace those that differ, and held letters leave; returns how many.

    Raises NotFound for an office that is vacant, InputError for something that is no address.
    """
    with engine.begin() as connection:
        seat = read_seat(connection, office_id)
        if seat.holder is None:
            raise NotFound("Nobody holds this office now.")
        wanted = read_wanted(ChangeKind.ADDRESS, {"reason": FAILS, **typed}, seat)
    return make_change(engine, ring, office_id, wanted, by).letters[LEAVES]


def find_office(connection: Connection, ocd_id: str, seat: int) -> int:
    """The number of the office that has this name in lookups; raises NotFound."""
    found = office_addresses.find_office(connection, ocd_id, seat)
    if found is None:
        raise NotFound(f"There is no office called {ocd_id}. `dearrep lookup --json` prints such names.")
    return found


def list_changes(engine: Engine, office_id: int) -> Sequence[RowMapping]:
    """What people changed about the office, newest first."""
    with at_once(engine) as connection:
        return office_changes.changes_of(connection, office_id)
