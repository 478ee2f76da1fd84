"""How far each host has worked in this database, and by which names PostgreSQL knows it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, text

from shared.db.driver import ask, spell
from shared.domain.generations import KEPT_DAYS, RECENT_DAYS, DatabaseState, Identity

# A database that is being restored may have the table and not yet its row.
_READ = spell(
    text(
        """
        WITH host AS (
            SELECT host, number, advanced_at > now() - :recent_days * interval '1 day' AS is_recent
            FROM generation
            WHERE host = ANY(:hosts) OR advanced_at > now() - :recent_days * interval '1 day'
        )
        SELECT coalesce(known.lineages, '{}') AS lineages,
            coalesce(known.system_identifier, '') AS system_identifier,
            coalesce(known.timeline, 0) AS timeline,
            coalesce(known.table_oid, 0) AS table_oid,
            (SELECT system_identifier::text FROM pg_control_system()) AS actual_identifier,
            (SELECT timeline_id FROM pg_control_checkpoint()) AS actual_timeline,
            'installation'::regclass::oid::bigint AS actual_oid,
            (SELECT coalesce(jsonb_object_agg(host, number), '{}') FROM host) AS generations,
            (SELECT coalesce(array_agg(host), '{}') FROM host WHERE is_recent) AS recent
        FROM (VALUES (1)) AS one
        LEFT JOIN installation known ON true
        """
    )
)
_ADVANCE = spell(
    text(
        """
        INSERT INTO generation (host, number, advanced_at) VALUES (:host, 1, clock_timestamp())
        ON CONFLICT (host) DO UPDATE SET number = generation.number + 1, advanced_at = clock_timestamp()
        RETURNING number
        """
    )
)
_FORGET = text("DELETE FROM generation WHERE advanced_at < now() - :days * interval '1 day'")
_LAST_WORK = text("SELECT advanced_at FROM generation WHERE host = :host")
_BACKUP_AT = text(
    """
    SELECT coalesce(
        (SELECT advanced_at FROM generation WHERE host = :host),
        (SELECT max(advanced_at) FROM generation),
        (SELECT at FROM letter_event ORDER BY id DESC LIMIT 1)
    )
    """
)


def read_state(connection: Connection, hosts: Collection[str]) -> DatabaseState:
    """What the database says of itself, and what it is; generations of `hosts` and of those that worked lately."""
    (row,) = ask(connection, _READ, {"hosts": list(hosts), "recent_days": RECENT_DAYS})
    return DatabaseState(
        lineages=tuple(row["lineages"]),
        written=Identity(row["system_identifier"], row["timeline"], row["table_oid"]),
        actual=Identity(row["actual_identifier"], row["actual_timeline"], row["actual_oid"]),
        generations=row["generations"],
        recent=frozenset(row["recent"]),
    )


def advance(connection: Connection, host: str) -> int:
    """Raises the host's generation. Last in its transaction: others of the host wait for the row until COMMIT."""
    (row,) = ask(connection, _ADVANCE, {"host": host})
    return int(row["number"])


def forget_gone(connection: Connection) -> None:
    """Hosts that have not worked for so long that no marker speaks of them."""
    connection.execute(_FORGET, {"days": KEPT_DAYS})


def last_work(connection: Connection, host: str) -> datetime | None:
    """When this host last worked in the database, as far as the database knows."""
    found: datetime | None = connection.execute(_LAST_WORK, {"host": host}).scalar_one_or_none()
    return found


def backup_moment(connection: Connection, host: str) -> datetime | None:
    """About when the backup was made that this database comes from: the host's last work in it."""
    found: datetime | None = connection.execute(_BACKUP_AT, {"host": host}).scalar_one()
    return found
