"""Works through rows that need the same change: a batch in a transaction, each row in a savepoint.

A row that fails is passed over, so that the rows behind it get their turn; the next run tries it again.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, Engine, RowMapping, text

from shared.db.savepoints import Faults, each_isolated, raise_faults
from shared.failpoints import failpoint
from shared.services.parts import NotOurTurnError

BATCH = 200
# One run works for so long on rows of one kind; the next run goes on.
_MOST_S = 5.0
# A run passes over so many rows that fail. More of them have one reason, which their alarm tells.
_MOST_FAILED = 1_000
_LOCK = 7_310_043
# Locks the next rows, as many as `limit`, without those whose numbers were given.
LockRows = Callable[[Connection, int, Collection[int]], Sequence[RowMapping]]


def work_through(engine: Engine, lock: LockRows, act: Callable[[Connection, RowMapping], object], name: str) -> int:
    """Acts on all rows that `lock` finds; on how many. Raises RowsFailedError at the end if any row failed.

    The log has `name` and the row's number for each failure.

    One process at a time does this; for the others it raises NotOurTurnError.
    """
    ends, failed, faults, done = time.monotonic() + _MOST_S, list[int](), Faults(), 0
    while time.monotonic() < ends and len(failed) < _MOST_FAILED:
        try:
            with _turn(engine) as connection:
                rows = lock(connection, BATCH, failed)
                results = each_isolated(connection, rows, partial(_act, act, connection), faults, name)
        except NotOurTurnError:
            raise_faults(faults)
            raise
        failed += [row["id"] for row, acted in results if not acted]
        done += sum(acted is not None for _, acted in results)
        if len(rows) < BATCH:
            break
    raise_faults(faults)
    return done


def in_turn(engine: Engine, act: Callable[[Connection], object]) -> None:
    """Acts in a transaction of its own. Raises NotOurTurnError while another process is at it."""
    with _turn(engine) as connection:
        act(connection)


@contextmanager
def _turn(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar_one():
            raise NotOurTurnError
        yield connection
        failpoint("sweep.mending")


def _act(act: Callable[[Connection, RowMapping], object], connection: Connection, row: RowMapping) -> bool:
    act(connection, row)
    return True
