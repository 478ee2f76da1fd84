"""Claims only from the database that this host knows, and leaves word of each claim before anything leaves.

A claim reads the host's marker, then compares the database with it, in the claim's own transaction: no restore can
come between. The claim raises the host's generation; the marker is on the disk before the first dot. Whatever left
after a backup therefore left a marker that the backup lacks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine

from shared.db import generations, installation
from shared.domain.generations import DatabaseState, Marker, why_hold
from shared.providers.marker import keep_marker, read_marker

_LOG = structlog.get_logger()


_Batch = TypeVar("_Batch")


@dataclass(frozen=True)
class Generation:
    """What a transaction works under: the host's marker, and the database that it knows."""

    folder: Path
    marker: Marker
    state: DatabaseState

    @property
    def lineage(self) -> str:
        """The database's newest name, which the ledger goes by."""
        return self.state.lineages[-1]

    def advance(self, connection: Connection) -> Marker:
        """Raises the host's generation, last in the transaction; what `keep` writes after COMMIT."""
        return self.marker.after(self.state, generations.advance(connection, self.marker.host))

    def keep(self, marker: Marker) -> None:
        """Returns once the disk has the marker."""
        keep_marker(self.folder, marker, self.state.lineages)


def claim(engine: Engine, folder: Path, take: Callable[[Connection], _Batch | None]) -> tuple[_Batch, str] | None:
    """What `take` claims, with the database's lineage; None when it finds nothing, or everything is held.

    When it returns, the marker of this claim is on the disk.
    """
    with engine.begin() as connection:
        generation = begin(connection, folder)
        batch = take(connection) if generation else None
        if generation is None or batch is None:
            return None
        advanced = generation.advance(connection)
    generation.keep(advanced)
    return batch, generation.lineage


def begin(connection: Connection, folder: Path) -> Generation | None:
    """What may be worked under; None when the database is not the one this host knows, and everything is held now."""
    # Before the question: others write it meanwhile, and theirs may be newer than our answer.
    marker = read_marker(folder)
    state = generations.read_state(connection, marker.generations)
    if reason := why_hold(marker, state):
        hold(connection, reason, marker, state)
        return None
    if not state.lineages:
        installation.begin_lineage(connection, again=False)
        state = generations.read_state(connection, marker.generations)
    return Generation(folder, marker, state)


def hold(connection: Connection, reason: str, marker: Marker, state: DatabaseState) -> None:
    """Nothing leaves until a person decides, unless a person has accepted the database since `state` was read."""
    backup_at = generations.backup_moment(connection, marker.host)
    if installation.hold(connection, reason, backup_at=backup_at, judged=state.lineages):
        _LOG.error("delivery.held", reason=reason)
