"""Gives each row of a batch a savepoint, so that a row that fails undoes nothing but itself."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_LOG = structlog.get_logger()
# Failures by the type of their error.
Faults = Counter[str]


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


def raise_faults(faults: Faults) -> None:
    """Raises RowsFailedError if any row failed."""
    if faults:
        raise RowsFailedError(faults)
