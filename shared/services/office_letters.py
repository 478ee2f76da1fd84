"""Letters follow their office: held when nobody can read them, written anew and queued when somebody can again.

Whatever changes a seat (an organizer, an import) marks the office. This brings its waiting letters to the office as it
is now, at once where a person waits for it, and again with the sweeps for a quarter of an hour. Letters that become
waiting later follow when they do (`letter_fit.py`). A letter that has left is never touched.
"""

import time
from collections import Counter

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import office_letters, targets
from shared.db.office_changes import lock_office
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.letter_fit import LEAVES, fit_letter

_LOG = structlog.get_logger()
_BATCH = 200
# A person waits for no more than this; the sweeps do the rest.
_AT_ONCE_S = 5.0


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
            if became := fit_letter(connection, row, office):
                followed[became] += 1
        except Exception as error:  # noqa: BLE001 - a fault in one letter's words must not hold up the others
            # Without the error's text, which may quote the letter.
            _LOG.error("letter.not_followed", letter_id=row["id"], error=type(error).__name__)
    return rows
