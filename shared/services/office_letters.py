"""Letters follow their office: held when nobody can read them, written anew and queued when somebody can again.

Whatever changes a seat (an organizer, an import) marks the office. This brings its waiting letters to the office as it
is now, at once where a person waits for it, and again with the sweeps for a quarter of an hour: a letter that a worker
had in its hands, or was just making, turns up late. A letter that has left is never touched.
"""

import time
from collections import Counter

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import letters, office_letters, pace, targets
from shared.db.office_changes import lock_office
from shared.domain.causes import Cause
from shared.domain.holds import OF_THE_OFFICE, why_held
from shared.domain.places import Office
from shared.domain.states import HoldReason, LetterState
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.letter_words import is_left_out, words_for

_LOG = structlog.get_logger()
_BATCH = 200
# A person waits for no more than this; the sweeps do the rest.
_AT_ONCE_S = 5.0
_HELD, _ORGANIZER = LetterState.HELD.value, HoldReason.ORGANIZER.value
# What became of a letter: `leaves` goes to a worker, `held` waits from now on, `moved` waits with other words.
LEAVES, HELD, MOVED = "leaves", "held", "moved"


def settle_offices(engine: Engine, ring: Ring) -> int:
    """All that were changed lately; how many letters followed. Run by the sweep."""
    with engine.connect() as connection:
        marked = office_letters.unsettled_offices(connection)
    found = {office_id: settle_office(engine, ring, office_id).total() for office_id in marked}
    with engine.begin() as connection:
        office_letters.settle(connection, [office_id for office_id, followed in found.items() if followed])
    return sum(found.values())


def settle_office(engine: Engine, ring: Ring, office_id: int) -> Counter[str]:
    """Brings the office's waiting letters to what it is now, a batch at a time; what became of how many."""
    followed: Counter[str] = Counter()
    ends, last = time.monotonic() + _AT_ONCE_S, 0
    while time.monotonic() < ends:
        with engine.begin() as connection:
            rows = _follow(connection, office_id, last, followed)
        if len(rows) < _BATCH:
            break
        last = rows[-1]["id"]
    if followed[LEAVES]:
        ring.ring(TaskName.DELIVER_LETTERS)
        ring.ring(TaskName.RETRY_LETTERS)
    return followed


def _follow(connection: Connection, office_id: int, after: int, followed: Counter[str]) -> list[RowMapping]:
    lock_office(connection, office_id)
    office = targets.offices_today(connection, [office_id]).get(office_id)
    if office is None:
        return []
    rows = office_letters.lock_to_follow(connection, office, after, _BATCH)
    for row in rows:
        try:
            followed[_move(connection, row, office)] += 1
        except Exception as error:  # noqa: BLE001 - a fault in one letter's words must not hold up the others
            # Without the error's text, which may quote the letter.
            _LOG.error("letter.not_followed", letter_id=row["id"], error=type(error).__name__)
    return rows


def _move(connection: Connection, row: RowMapping, office: Office) -> str:
    if letters.is_erased(connection, row):
        return MOVED
    if office.vacant or not office.email:
        return _hold(connection, row, office)
    return _let_go(connection, row, office)


def _hold(connection: Connection, row: RowMapping, office: Office) -> str:
    reason, cause = why_held(office)
    if row["state"] != _HELD:
        values = {"hold_reason": reason.value}
        letters.change_letter(connection, row, LetterState.HELD, cause=cause, values=values)
        return HELD
    if row["hold_reason"] in OF_THE_OFFICE:
        office_letters.hold_otherwise(connection, row, {"hold_reason": reason.value, "cause": cause.value})
    else:
        # Held for something else too: it is written when there is somebody to write to.
        office_letters.hold_otherwise(connection, row, {"subject": "", "body": ""})
    return MOVED


def _let_go(connection: Connection, row: RowMapping, office: Office) -> str:
    is_new = row["office_holder_id"] != office.holder_id or not row["body"]
    if is_new and is_left_out(connection, row, office):
        return _leave_out(connection, row)
    values = words_for(connection, row, office) if is_new else _another_address(office)
    pace.add_domains(connection, [(row["transport"], str(values["receiving_domain"]))])
    if is_new or values["recipient_email"] != row["recipient_email"]:
        letters.readdress(connection, row, values, Cause.REWRITTEN if is_new else Cause.READDRESSED)
    if row["state"] == _HELD and row["hold_reason"] in OF_THE_OFFICE:
        letters.change_letter(connection, row, LetterState.QUEUED, values={"hold_reason": None, "tries": 0})
        return LEAVES
    return MOVED if row["state"] == _HELD else LEAVES


def _another_address(office: Office) -> dict[str, object]:
    """It changes no word."""
    return {"recipient_email": office.email, "receiving_domain": office.email.rpartition("@")[2].lower()}


def _leave_out(connection: Connection, row: RowMapping) -> str:
    """The campaign asks others of this office's holders, not this one: a person decides."""
    values = {"hold_reason": _ORGANIZER, "subject": "", "body": ""}
    if row["state"] == _HELD:
        office_letters.hold_otherwise(connection, row, {**values, "cause": Cause.LEFT_OUT.value})
        return MOVED
    letters.change_letter(connection, row, LetterState.HELD, cause=Cause.LEFT_OUT, values=values)
    return HELD
