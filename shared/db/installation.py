"""The one row about this installation: which database it is, and whether anything may leave it at all."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import installation

_IDENTITY = text(
    "SELECT (SELECT system_identifier::text FROM pg_control_system()),"
    " (SELECT timeline_id FROM pg_control_checkpoint()), pg_current_wal_lsn()::text"
)
# Nothing ran between two sweeps that are so far apart.
_NOTE_SWEEP = text("""
    UPDATE installation SET swept_at = now(),
        blocked_at = CASE
            WHEN is_paused OR hold_reason <> '' OR swept_at < now() - interval '10 minutes' THEN now()
            ELSE blocked_at
        END
""")


@dataclass(frozen=True)
class Switches:
    """What keeps everything from leaving. `hold_reason` is "" and `held_at` None while nothing is held."""

    is_paused: bool = False
    hold_reason: str = ""
    held_at: datetime | None = None

    @property
    def stops_all(self) -> bool:
        """True while nothing may leave."""
        return self.is_paused or self.hold_reason != ""


def read_switches(connection: Connection) -> Switches:
    """Whether an organizer paused everything, and why everything is held."""
    query = select(installation.c.is_paused, installation.c.hold_reason, installation.c.held_at)
    row = connection.execute(query).one_or_none()
    return Switches(*row) if row else Switches()


def hold(connection: Connection, reason: str) -> None:
    """Nothing leaves until a person decides; the first reason stays."""
    _make(connection)
    held = update(installation).where(installation.c.hold_reason == "").values(hold_reason=reason, held_at=func.now())
    connection.execute(held)


def release(connection: Connection) -> None:
    """A person decided that letters may leave again from this database."""
    _make(connection)
    connection.execute(update(installation).values(hold_reason="", held_at=None, blocked_at=func.now()))


def pause_all(connection: Connection, *, paused: bool) -> None:
    """Stops or resumes all campaigns at once."""
    _make(connection)
    connection.execute(update(installation).values(is_paused=paused, blocked_at=func.now()))


def note_sweep(connection: Connection) -> None:
    """A sweep runs; notes whether anything could leave since the last one."""
    _make(connection)
    connection.execute(_NOTE_SWEEP)


def known_identity(connection: Connection) -> tuple[str, int]:
    """The cluster that this installation believes to be in: PostgreSQL's system identifier and timeline."""
    row = connection.execute(select(installation.c.system_identifier, installation.c.timeline)).one_or_none()
    return (row.system_identifier, row.timeline) if row else ("", 0)


def actual_identity(connection: Connection) -> tuple[str, int, str]:
    """The cluster that we talk to: system identifier, timeline, and how far its write-ahead log has come."""
    row = connection.execute(_IDENTITY).one()
    return row[0], row[1], row[2]


def write_identity(connection: Connection, system_identifier: str, timeline: int) -> None:
    """From now on this is our cluster."""
    _make(connection)
    connection.execute(update(installation).values(system_identifier=system_identifier, timeline=timeline))


def _make(connection: Connection) -> None:
    connection.execute(insert(installation).values(id=1).on_conflict_do_nothing())
