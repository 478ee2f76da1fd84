"""Letters that were sent within seconds wait for an organizer's look: how many, and letting them go."""

from sqlalchemy import Engine

from shared.db import checked_letters, letters
from shared.domain.causes import Cause
from shared.domain.states import LetterState
from shared.queue.names import TaskName
from shared.queue.ring import Ring

BATCH = 200


def count_checked(engine: Engine, campaign_id: int) -> int:
    """How many of a campaign's letters wait for nothing else."""
    with engine.connect() as connection:
        return checked_letters.count(connection, campaign_id)


def release_checked(engine: Engine, ring: Ring, campaign_id: int, *, actor: str) -> int:
    """Queues them all, due when they would have been; how many."""
    released = 0
    while True:
        with engine.begin() as connection:
            rows = checked_letters.lock(connection, campaign_id, BATCH)
            for row in rows:
                values = {"hold_reason": None}
                letters.change_letter(
                    connection, row, LetterState.QUEUED, actor=actor, cause=Cause.ORGANIZER, values=values
                )
        released += len(rows)
        if len(rows) < BATCH:
            break
    ring.ring(TaskName.DELIVER_LETTERS)
    return released
