"""Reads and writes which parts of the sweep and of tidying fail."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import failing_part


@dataclass(frozen=True)
class FailingPart:
    """A part that failed `failures` times in a row; `error` is the type of the last error."""

    part: str
    since: datetime
    failures: int
    error: str


def note_failure(connection: Connection, part: str, error: str) -> FailingPart:
    """Counts one more failure of this part."""
    statement = insert(failing_part).values(part=part, error=error)
    counted = {"failures": failing_part.c.failures + 1, "error": error, "failed_at": func.now()}
    statement = statement.on_conflict_do_update(index_elements=[failing_part.c.part], set_=counted)
    return FailingPart(*connection.execute(statement.returning(*_COLUMNS)).one())


def note_successes(connection: Connection, parts: Collection[str]) -> list[str]:
    """Forgets the failures of these parts; those that had any."""
    statement = delete(failing_part).where(failing_part.c.part.in_(parts)).returning(failing_part.c.part)
    return list(connection.scalars(statement))


def list_failing(connection: Connection, at_least: int) -> list[FailingPart]:
    """Parts that failed so many times in a row, the longest first."""
    query = select(*_COLUMNS).where(failing_part.c.failures >= at_least)
    return [FailingPart(*row) for row in connection.execute(query.order_by(failing_part.c.since, failing_part.c.part))]


def forget_failures(connection: Connection, older_than: timedelta) -> int:
    """Forgets parts that have not failed for so long: no process runs them any more."""
    old = failing_part.c.failed_at < func.now() - older_than
    return connection.execute(delete(failing_part).where(old)).rowcount


_COLUMNS = (failing_part.c.part, failing_part.c.since, failing_part.c.failures, failing_part.c.error)
