"""Runs periodic work as parts, each on its own: a part that fails stops none of the others.

A part that fails twice in a row is an alarm: `dearrep doctor`, the console, the metrics and the log name it until it
succeeds.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog
from sqlalchemy import Engine

from shared.db import parts as rows
from shared.db.engine import at_once
from shared.db.parts import FailingPart
from shared.db.savepoints import RowsFailedError

_LOG = structlog.get_logger()
# A name for people, and what the part does.
Part = tuple[str, Callable[[], object]]
# So many failures in a row are an alarm. A single one is often a lock or a restart, and the next run repeats it.
ALARM = 2
# Tidying runs every ten minutes. A part that has not failed for an hour belongs to a host or a version that is gone.
_FORGOTTEN_AFTER = timedelta(hours=1)


class NotOurTurnError(Exception):
    """Another process does this part at the moment: it neither succeeded nor failed here."""


def run_parts(engine: Engine, parts: Iterable[Part]) -> None:
    """Runs each part in turn and keeps the failures.

    Raises a part's error if it can't be kept: the database is away, and the parts behind it would fail as well.
    """
    succeeded = []
    for name, run in parts:
        try:
            run()
        except NotOurTurnError:
            continue
        except Exception as error:  # noqa: BLE001 - the parts behind it have their own work to do
            _note_failure(engine, name, error)
        else:
            succeeded.append(name)
    with at_once(engine) as connection:
        for name in rows.note_successes(connection, succeeded):
            _LOG.info("part.recovered", part=name)


def failing_parts(engine: Engine) -> list[FailingPart]:
    """The parts whose failures are an alarm, the longest first."""
    with at_once(engine) as connection:
        return rows.list_failing(connection, ALARM)


def forget_old_failures(engine: Engine) -> int:
    """Forgets parts that no process runs any more; how many."""
    with at_once(engine) as connection:
        return rows.forget_failures(connection, _FORGOTTEN_AFTER)


def _note_failure(engine: Engine, name: str, error: Exception) -> None:
    kind = str(error) if isinstance(error, RowsFailedError) else type(error).__name__
    with at_once(engine) as connection:
        failing = rows.note_failure(connection, name, kind)
    tell = _LOG.error if failing.failures >= ALARM else _LOG.warning
    tell("part.failed", part=name, failures=failing.failures, error=kind, exc_info=error)
