"""The one row about this installation: which database it is, and whether anything may leave it at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import installation

_POSITION = text("SELECT system_identifier::text, pg_current_wal_lsn()::text FROM pg_control_system()")
# Waits for those who are making letters, and makes those who come later see what is written.
_SHARED = text("SELECT doubtful_until FROM installation FOR SHARE")
_WRITE_IDENTITY = text(
    """
    UPDATE installation
    SET system_identifier = (SELECT system_identifier::text FROM pg_control_system()),
        timeline = (SELECT timeline_id FROM pg_control_checkpoint()),
        table_oid = 'installation'::regclass::oid::bigint
    """
)
_BEGIN_LINEAGE = text(
    "UPDATE installation SET lineages = lineages || gen_random_uuid()::text WHERE :again OR lineages = '{}'"
)
_FIRST_KEY = text("UPDATE installation SET key_fingerprint = :fingerprint WHERE :again OR key_fingerprint = ''")
# More than an installation makes between a backup and its restore. The small tables of the directory have no `bigint`.
_SKIP_NUMBERS = text(
    """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + 1000000)
    FROM pg_sequences
    WHERE schemaname = current_schema() AND data_type = 'bigint'::regtype
    """
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
    """What keeps everything from leaving. `hold_reason` is "" and `held_at` None while nothing is held.

    `backup_at` is about when the backup was made that everything is held for, None when nobody can tell.
    """

    is_paused: bool = False
    hold_reason: str = ""
    held_at: datetime | None = None
    backup_at: datetime | None = None

    @property
    def stops_all(self) -> bool:
        """True while nothing may leave."""
        return self.is_paused or self.hold_reason != ""


def read_switches(connection: Connection) -> Switches:
    """Whether an organizer paused everything, and why everything is held."""
    names = ("is_paused", "hold_reason", "held_at", "backup_at")
    query = select(*(installation.c[name] for name in names))
    row = connection.execute(query).one_or_none()
    return Switches(*row) if row else Switches()


def hold(
    connection: Connection,
    reason: str,
    *,
    backup_at: datetime | None = None,
    judged: Sequence[str] | None = None,
) -> bool:
    """Nothing leaves until a person decides; the first reason stays. False when nothing was changed.

    Rows made from now on get numbers that no row had before. Message-IDs, return addresses and links are made from
    numbers: a late bounce of a letter that a restored backup does not know must not count for another letter.

    `judged` are the lineages that a process judged by: what it found is out of date once a person has accepted the
    database, which adds one.
    """
    _make(connection)
    values = {"hold_reason": reason, "held_at": func.now(), "backup_at": backup_at}
    statement = update(installation).where(installation.c.hold_reason == "")
    if judged is not None:
        statement = statement.where(installation.c.lineages == list(judged))
    is_held = connection.execute(statement.values(values)).rowcount == 1
    if is_held:
        connection.execute(_SKIP_NUMBERS)
    return is_held


def release(connection: Connection) -> None:
    """A person decided that letters may leave again from this database."""
    _make(connection)
    connection.execute(update(installation).values(hold_reason="", held_at=None, backup_at=None, blocked_at=func.now()))


def pause_all(connection: Connection, *, paused: bool) -> None:
    """Stops or resumes all campaigns at once."""
    _make(connection)
    connection.execute(update(installation).values(is_paused=paused, blocked_at=func.now()))


def note_sweep(connection: Connection) -> None:
    """A sweep runs; notes whether anything could leave since the last one."""
    _make(connection)
    connection.execute(_NOTE_SWEEP)


def doubt_until(connection: Connection, moment: datetime) -> None:
    """Letters that were accepted until then may have left before a restore, those too that are not made yet."""
    connection.execute(update(installation).values(doubtful_until=moment))


def read_doubt(connection: Connection) -> datetime | None:
    """The moment that `doubt_until` wrote; it can't change before COMMIT."""
    return connection.execute(_SHARED).scalar_one_or_none()


def known_identity(connection: Connection) -> tuple[str, int]:
    """The cluster that this installation believes to be in: PostgreSQL's system identifier and timeline."""
    row = connection.execute(select(installation.c.system_identifier, installation.c.timeline)).one_or_none()
    return (row.system_identifier, row.timeline) if row else ("", 0)


def log_position(connection: Connection) -> tuple[str, str]:
    """The cluster's system identifier, and how far its write-ahead log has come."""
    identifier, position = connection.execute(_POSITION).one()
    return identifier, position


def write_identity(connection: Connection) -> None:
    """From now on this is our database, by the names that PostgreSQL has for it."""
    _make(connection)
    connection.execute(_WRITE_IDENTITY)


def begin_lineage(connection: Connection, *, again: bool) -> None:
    """A new name for what is written from now on: in an empty database, and `again` when one was accepted."""
    _make(connection)
    connection.execute(_BEGIN_LINEAGE, {"again": again})


def read_key_fingerprint(connection: Connection) -> str:
    """Of the secret key that this database belongs to; empty before the first start."""
    return connection.execute(select(installation.c.key_fingerprint)).scalar_one_or_none() or ""


def write_key_fingerprint(connection: Connection, fingerprint: str, *, again: bool) -> None:
    """Keeps the first key's; with `again` this one's, whatever was there."""
    _make(connection)
    connection.execute(_FIRST_KEY, {"fingerprint": fingerprint, "again": again})


def _make(connection: Connection) -> None:
    """Needs the table's key, which a dump restores last: a row that is on its way is not made here."""
    connection.execute(insert(installation).values(id=1).on_conflict_do_nothing(index_elements=["id"]))
