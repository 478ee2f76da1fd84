"""Deletes what is personal after its time. Counts, states, offices and times stay, as after a request to be erased."""

from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Engine

from shared.db import erasure, retention
from shared.settings import Settings

_LOG = structlog.get_logger()
BATCH = 100
# In one run, each in a transaction of its own; the next run goes on.
_MOST_BATCHES = 20


def forget_old(engine: Engine, settings: Settings) -> int:
    """Deletes the data of letters that ended long ago, unless the setting says never; of how many submissions."""
    if not settings.keep_days:
        return 0
    gone = _in_batches(engine, lambda connection: _forget_old(connection, settings.keep_days))
    gone += _in_batches(engine, _forget_unwanted)
    if gone:
        _LOG.info("submissions.forgotten", submissions=gone)
    return gone


def _in_batches(engine: Engine, forget: Callable[[Connection], int]) -> int:
    gone = 0
    for _ in range(_MOST_BATCHES):
        with engine.begin() as connection:
            done = forget(connection)
        gone += done
        if done < BATCH:
            break
    return gone


def _forget_old(connection: Connection, days: float) -> int:
    """Whoever agreed to hear more keeps name and address for that, until they want no more."""
    rows = retention.lock_old(connection, days, BATCH)
    wanting = [row["id"] for row in rows if row["wants_more"]]
    erasure.trim_many(connection, wanting)
    erasure.scrub_many(connection, [row["id"] for row in rows if row["id"] not in set(wanting)])
    return len(rows)


def _forget_unwanted(connection: Connection) -> int:
    numbers = retention.lock_unwanted(connection, BATCH)
    erasure.scrub_many(connection, numbers)
    return len(numbers)
