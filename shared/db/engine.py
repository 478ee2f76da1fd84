"""The database engine. One a process, built in a composition root and handed down."""

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from shared.timing import USUAL

# Long enough for a slow query, short enough that a dead connection is noticed.
STATEMENT_TIMEOUT_MS = 30_000
# All our questions are answered by an index, and none is worth a compiler or a second process: while a table grows
# quickly its statistics are old, and the planner would think otherwise.
_SHORT_QUERIES = ("random_page_cost=1.1", "jit=off", "max_parallel_workers_per_gather=0")
# Rows that were claimed leave entries behind in the indexes of what waits. A plain scan marks them as gone, so that the
# next one passes over them; a bitmap reads all of them again each time.
_QUEUES = ("enable_bitmapscan=off",)

# A database host that is gone without a word is noticed within this time.
_NOTICE_LOSS = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}

# A process asks a few hundred different questions. psycopg keeps 100 of them prepared: with more, PostgreSQL parses and
# plans again and again what has just made room for another.
_PREPARED = 500
# A connection that was used this recently is taken to be alive.
_FRESH_SECONDS = 1.0
_USED_AT = "used_at"

# Beside each engine one whose connections have no transactions: switching a connection there and back for each use
# costs more than what is asked.
_AT_ONCE: "weakref.WeakKeyDictionary[Engine, Engine]" = weakref.WeakKeyDictionary()
# And one for pictures that are put together of several queries. It keeps no connections: they are needed rarely.
_SNAPSHOTS: "weakref.WeakKeyDictionary[Engine, Engine]" = weakref.WeakKeyDictionary()


def allow_bitmaps(connection: Connection) -> None:
    """Until COMMIT, for questions that the index of events' times answers: only bitmap scans read it."""
    connection.exec_driver_sql("SET LOCAL enable_bitmapscan = on")


def make_engine(
    database_url: str, *, pool_size: int = 5, works_queues: bool = False, hangs_s: float = USUAL.hangs
) -> Engine:
    """An engine on psycopg 3 for a postgresql:// URL; times are UTC, connections are checked before use.

    A process that hangs within a transaction loses its locks after `hangs_s` seconds.
    """
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    options += f" -c idle_in_transaction_session_timeout={hangs_s * 1_000:.0f}"
    settings = [*_SHORT_QUERIES, *(_QUEUES if works_queues else ())]
    options += "".join(f" -c {setting}" for setting in settings)
    parts: dict[str, Any] = {
        # An exception's text must not quote what a person typed.
        "hide_parameters": True,
        "connect_args": {"connect_timeout": 10, "options": options, **_NOTICE_LOSS},
    }
    pool = {"pool_size": pool_size, "max_overflow": pool_size}
    engine = create_engine(url, **parts, **pool)
    quick = create_engine(
        url, **parts, **pool, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True, pool_reset_on_return=None
    )
    snapshots = create_engine(
        url,
        **parts,
        poolclass=NullPool,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    for one in (engine, quick):
        event.listen(one, "connect", _keep_prepared)
        event.listen(one, "checkin", _note_use)
        event.listen(one, "checkout", _check_idle)
    event.listen(engine, "engine_disposed", lambda _: quick.dispose())
    _AT_ONCE[engine] = quick
    _SNAPSHOTS[engine] = _SNAPSHOTS[quick] = _SNAPSHOTS[snapshots] = snapshots
    return engine


@contextmanager
def at_once(engine: Engine) -> Iterator[Connection]:
    """A connection whose every statement is a transaction of its own, for one round trip."""
    with _AT_ONCE[engine].connect() as connection:
        yield connection


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that reads the database as it was at its first query. It is none of the pool's."""
    with _SNAPSHOTS[engine].connect() as connection:
        yield connection


def _keep_prepared(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.prepared_max = _PREPARED


def _note_use(_connection: object, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED_AT] = time.monotonic()


def _check_idle(connection: Any, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """Asks a connection that was idle whether it still lives; the pool replaces a dead one."""
    if connection is None or time.monotonic() - entry.info.get(_USED_AT, time.monotonic()) <= _FRESH_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error
