"""Reads and writes the heartbeats of running processes: one small statement a process every few seconds."""

from sqlalchemy import Connection, RowMapping, text

from shared.db.driver import Spelled, ask
from shared.domain.running import ProcessConfig, ProcessKind, RunningInstallation, RunningProcess

# Settings do not change while a process runs, so that a heartbeat writes only its time.
_BEAT = Spelled(
    """
    INSERT INTO process_heartbeat (id, kind, host, pid, version, relay, mail_route, public_url, mail_domain,
        fingerprints)
    VALUES (%(id)s, %(kind)s, %(host)s, %(pid)s, %(version)s, %(relay)s, %(mail_route)s, %(public_url)s,
        %(mail_domain)s, CAST(%(fingerprints)s AS jsonb))
    ON CONFLICT (id) DO UPDATE SET beat_at = now()
    """
)
_LEAVE = text("DELETE FROM process_heartbeat WHERE id = :id")
# After a day a process that fell silent is history.
_FORGET = text("DELETE FROM process_heartbeat WHERE beat_at < now() - interval '1 day'")
_LIST = text(
    """
    SELECT kind, host, pid, version, started_at, beat_at, relay, mail_route, public_url, mail_domain, fingerprints,
        extract(epoch FROM now() - beat_at) AS silent_s
    FROM process_heartbeat
    WHERE beat_at > now() - interval '1 day'
    ORDER BY started_at, id
    """
)


def write_beat(connection: Connection, values: dict[str, object]) -> None:
    """Says that the process runs; the first time with everything about it."""
    ask(connection, _BEAT, values)


def delete_beat(connection: Connection, process_id: str) -> None:
    """The process has ended as it should."""
    connection.execute(_LEAVE, {"id": process_id})


def forget_silent(connection: Connection) -> None:
    """Deletes processes that fell silent a day ago."""
    connection.execute(_FORGET)


def read_running(connection: Connection) -> RunningInstallation:
    """Everything that runs, or fell silent within a day, oldest first."""
    return RunningInstallation(tuple(_process(row) for row in connection.execute(_LIST).mappings()))


def _process(row: RowMapping) -> RunningProcess:
    return RunningProcess(
        kind=ProcessKind(row["kind"]),
        host=row["host"],
        pid=row["pid"],
        version=row["version"],
        started_at=row["started_at"],
        beat_at=row["beat_at"],
        silent_s=float(row["silent_s"]),
        config=ProcessConfig(
            row["relay"], row["mail_route"], row["public_url"], row["mail_domain"], dict(row["fingerprints"])
        ),
    )
