"""Letters follow their office: held when nobody can read them, written anew and queued when somebody can again.

Whatever changes a seat (an organizer, an import) marks the office. This brings its waiting letters to the office as it
is now, at once where a person waits for it, and again with the sweeps for a quarter of an hour. Letters that become
waiting later follow when they do (`letter_fit.py`). A letter that has left is never touched.
"""

import time
from collections import Counter

from sqlalchemy import Connection, Engine, RowMapping

from shared import clock
from shared.db import office_letters, targets
from shared.db.office_changes import lock_office
from shared.db.savepoints import Faults, apart, each_isolated, isolated, raise_faults
from shared.domain.causes import Cause
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.letter_fit import LEAVES, STAYS, fit_letter, hold_for_organizer

_BATCH = 200
# A person waits for no more than this; the sweeps do the rest.
_AT_ONCE_S = 5.0
# What became of a letter beside the words of `letter_fit`: `failed` is where it was and is tried again, `set_aside` is
# held until an organizer decides.
FAILED, SET_ASIDE = "failed", "set_aside"


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
        followed.update(what for _, what in became if what is not STAYS)
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
        connection, waiting, lambda letter: fit_letter(connection, letter, office), Faults(), "letter.not_followed"
    )
    is_last = row["settle_until"] is not None and row["settle_until"] < clock.now()
    return [(one["id"], _fate(connection, one, became, is_last=is_last)) for one, became in results]


def _fate(connection: Connection, row: RowMapping, became: str | None, *, is_last: bool) -> str:
    """A letter that could not follow for a quarter of an hour is set aside before it leaves for a former holder."""
    if became is not None:
        return became
    if not is_last:
        return FAILED
    with isolated(connection, Faults(), "letter.not_set_aside", letter_id=row["id"]) as fate:
        hold_for_organizer(connection, row, Cause.NOT_FOLLOWED)
    return FAILED if fate.failed else SET_ASIDE
