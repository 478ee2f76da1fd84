"""Letters follow their office: held when nobody can read them, written anew and queued when somebody can again.

Whatever changes a seat (an organizer, an import) marks the office. This brings its waiting letters to the office as it
is now, at once where a person waits for it, and again with the sweeps for a quarter of an hour: a letter that a worker
had in its hands, or was just making, turns up late. A letter that has left is never touched.
"""

import time
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, Engine, RowMapping

from shared import clock
from shared.db import letters, office_letters, pace, targets
from shared.db.office_changes import lock_office
from shared.db.savepoints import Faults, apart, each_isolated, isolated, raise_faults
from shared.domain.causes import Cause
from shared.domain.holds import OF_THE_OFFICE, why_held
from shared.domain.places import Office
from shared.domain.states import HoldReason, LetterState
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.letter_words import is_left_out, words_for

_BATCH = 200
# A person waits for no more than this; the sweeps do the rest.
_AT_ONCE_S = 5.0
_HELD, _ORGANIZER = LetterState.HELD.value, HoldReason.ORGANIZER.value
# What became of a letter: `leaves` goes to a worker, `held` waits from now on, `moved` waits with other words,
# `failed` is where it was and is tried again, `set_aside` is held until an organizer decides.
LEAVES, HELD, MOVED, FAILED, SET_ASIDE = "leaves", "held", "moved", "failed", "set_aside"


def settle_offices(engine: Engine, ring: Ring) -> int:
    """All that were changed lately; how many letters followed. Run by the sweep.

    Raises RowsFailedError at the end if any office or letter failed; it is tried again by the next sweep.
    """
    with engine.connect() as connection:
        marked = office_letters.unsettled_offices(connection)
    followed, busy, faults = 0, set[int](), Faults()
    for office_id in marked:
        with apart(faults, "office.not_settled", office_id=office_id) as fate:
            of_office = settle_office(engine, ring, office_id)
            faults["LettersNotFollowed"] += of_office[FAILED]
            followed += of_office.total() - of_office[FAILED] - of_office[SET_ASIDE]
            if of_office.total() > of_office[SET_ASIDE]:
                busy.add(office_id)
        if fate.failed:
            busy.add(office_id)
    with engine.begin() as connection:
        office_letters.settle(connection, busy)
    raise_faults(+faults)
    return followed


def settle_office(engine: Engine, ring: Ring, office_id: int) -> Counter[str]:
    """Brings the office's waiting letters to what it is now, a batch at a time; what became of how many."""
    followed: Counter[str] = Counter()
    ends, last = time.monotonic() + _AT_ONCE_S, 0
    while time.monotonic() < ends:
        with engine.begin() as connection:
            became = _follow(connection, office_id, last)
        # Only now: what is counted is committed.
        followed.update(what for _, what in became)
        if len(became) < _BATCH:
            break
        last = became[-1][0]
    if followed[LEAVES]:
        ring.ring(TaskName.DELIVER_LETTERS)
        ring.ring(TaskName.RETRY_LETTERS)
    return followed


def _follow(connection: Connection, office_id: int, after: int) -> list[tuple[int, str]]:
    """The next letters, by number, and what became of each."""
    row = lock_office(connection, office_id)
    office = targets.offices_today(connection, [office_id]).get(office_id)
    if row is None or office is None:
        return []
    waiting = office_letters.lock_to_follow(connection, office, after, _BATCH)
    results = each_isolated(
        connection, waiting, lambda letter: _move(connection, letter, office), Faults(), "letter.not_followed"
    )
    is_last = row["settle_until"] is not None and row["settle_until"] < clock.now()
    return [(one["id"], what or (_set_aside(connection, one) if is_last else FAILED)) for one, what in results]


def _set_aside(connection: Connection, row: RowMapping) -> str:
    """It could not follow for a quarter of an hour. A person decides, before it leaves for a former holder."""
    with isolated(connection, Faults(), "letter.not_set_aside", letter_id=row["id"]) as fate:
        _hold_for_person(connection, row, Cause.NOT_FOLLOWED, {})
    return FAILED if fate.failed else SET_ASIDE


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
    return _hold_for_person(connection, row, Cause.LEFT_OUT, {"subject": "", "body": ""})


def _hold_for_person(connection: Connection, row: RowMapping, cause: Cause, words: Mapping[str, str]) -> str:
    values = {"hold_reason": _ORGANIZER, **words}
    if row["state"] == _HELD:
        office_letters.hold_otherwise(connection, row, {**values, "cause": cause.value})
        return MOVED
    letters.change_letter(connection, row, LetterState.HELD, cause=cause, values=values)
    return HELD
