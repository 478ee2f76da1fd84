"""Works on changes of many letters: a batch, COMMIT, the next one; any process, and none waits for another."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import bulk_changes, letters
from shared.db.savepoints import Faults, each_isolated
from shared.domain.bulk import FAILED, SENDING, BulkState, Outcome
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.bulk.deed import Result, do_letter, undo_letter
from shared.services.bulk.facts import read_today
from shared.settings import Settings

# Letters that are locked at a time: a tenth of a second.
BATCH = 50
KEPT = timedelta(days=2)


def work_on_changes(engine: Engine, ring: Ring, settings: Settings) -> None:
    """Works on whatever is asked for, for a task's time, then rings again while more is left."""
    ring.answer(TaskName.CHANGE_LETTERS)
    if not _work(engine, ring, None, settings.timing.task):
        ring.ring(TaskName.CHANGE_LETTERS)


def work_on_change(engine: Engine, ring: Ring, number: int, *, within_s: float) -> bool:
    """Works on this one; True when it is done, or somebody else is at it."""
    return _work(engine, ring, number, within_s)


def changes_are_due(connection: Connection) -> bool:
    """True when a sweep should ring."""
    return bulk_changes.is_unfinished(connection)


def delete_old_changes(engine: Engine) -> int:
    """Deletes what can't be taken back any more."""
    with engine.begin() as connection:
        return bulk_changes.delete_old(connection, KEPT)


def _work(engine: Engine, ring: Ring, number: int | None, within_s: float) -> bool:
    ends, is_done = time.monotonic() + within_s, False
    while not is_done and time.monotonic() < ends:
        with engine.begin() as connection:
            change = bulk_changes.lock_unfinished(connection, number)
            is_done = change is None
            if change is not None:
                _batch(connection, change)
        # Letters that were queued may leave while others are still to come.
        if change is not None and change["action"] in SENDING:
            ring.ring(TaskName.DELIVER_LETTERS)
            ring.ring(TaskName.RETRY_LETTERS)
    return is_done


def _batch(connection: Connection, change: RowMapping) -> None:
    """The next letters, each by itself: what can't be done with one harms no other."""
    is_undo = change["state"] == BulkState.UNDOING.value
    chosen = bulk_changes.next_letters(connection, change, BATCH)
    if not chosen:
        state = BulkState.UNDONE if is_undo else BulkState.DONE
        bulk_changes.write_change(connection, change["id"], {"state": state.value})
        return
    locked = letters.lock_letters(connection, [row["letter_id"] for row in chosen])
    outcomes = _undo(connection, change, chosen, locked) if is_undo else _do(connection, change, chosen, locked)
    bulk_changes.write_outcomes(connection, change["id"], outcomes)
    bulk_changes.write_change(connection, change["id"], {"reached": chosen[-1]["letter_id"]})


def _do(
    connection: Connection, change: RowMapping, chosen: Sequence[RowMapping], locked: Mapping[int, RowMapping]
) -> dict[int, Result]:
    today = read_today(connection, locked.values())
    done = each_isolated(
        connection,
        list(locked.values()),
        lambda row: do_letter(connection, change, row, today),
        Faults(),
        "letter.not_changed",
    )
    results = {row["id"]: result or (Outcome.LEFT_OUT, FAILED, None) for row, result in done}
    return {row["letter_id"]: results.get(row["letter_id"], (Outcome.MOVED_ON, "", None)) for row in chosen}


def _undo(
    connection: Connection, change: RowMapping, chosen: Sequence[RowMapping], locked: Mapping[int, RowMapping]
) -> dict[int, Result]:
    actor = change["actor"]
    done = each_isolated(
        connection,
        [{"id": row["letter_id"], "kept": row} for row in chosen],
        lambda one: undo_letter(connection, change, locked.get(one["id"]), one["kept"], actor),
        Faults(),
        "letter.not_put_back",
    )
    return {one["id"]: result or (Outcome.GONE, "", None) for one, result in done}
