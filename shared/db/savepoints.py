"""Gives each row of a batch a savepoint, so that a row that fails undoes nothing but itself."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_LOG = structlog.get_logger()
# Failures by the type of their error.
Faults = Counter[str]
Row = TypeVar("Row", bound=Mapping[Any, Any])
Result = TypeVar("Result")


class RowsFailedError(Exception):
    """Rows of a batch failed after all others were done. Its text names the types of the errors, never a row."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(", ".join(f"{number} {name}" for name, number in faults.most_common()))
        self.faults = faults


@dataclass
class Fate:
    """What became of a block: `failed` once it has raised."""

    failed: bool = False


@contextmanager
def isolated(connection: Connection, faults: Faults, event: str, **ids: object) -> Iterator[Fate]:
    """Runs the block in a savepoint. If it fails, logs `event` with `ids` and the error's type, counts it, goes on.

    A connection that is lost takes the whole transaction with it, so that error is raised.
    """
    with apart(faults, event, **ids) as fate, connection.begin_nested():
        yield fate


@contextmanager
def apart(faults: Faults, event: str, **ids: object) -> Iterator[Fate]:
    """The same for a block that has transactions of its own."""
    fate = Fate()
    try:
        yield fate
    except Exception as error:
        if isinstance(error, DBAPIError) and (error.connection_invalidated or error.statement is None):
            raise
        fate.failed = True
        name = type(error).__name__
        faults[name] += 1
        # The error's text could quote the row.
        _LOG.error(event, **ids, error=name)


def each_isolated(
    connection: Connection, rows: Sequence[Row], act: Callable[[Row], Result], faults: Faults, event: str
) -> list[tuple[Row, Result | None]]:
    """Acts on all rows in one savepoint, or on each in its own if that fails. The result is None where it failed.

    `act` may run twice for a row, so it writes nothing outside the transaction. It returns something.
    """
    if not rows:
        return []
    with isolated(connection, Faults(), f"{event}_together", rows=len(rows)) as together:
        results: list[tuple[Row, Result | None]] = [(row, act(row)) for row in rows]
    if not together.failed:
        return results
    results = []
    for row in rows:
        result = None
        with isolated(connection, faults, event, id=row["id"]) as fate:
            result = act(row)
        results.append((row, None if fate.failed else result))
    return results


def raise_faults(faults: Faults) -> None:
    """Raises RowsFailedError if any row failed."""
    if faults:
        raise RowsFailedError(faults)
