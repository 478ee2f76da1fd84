"""Processes that run, as far as their heartbeats tell: written by the product's own code, without the processes."""

from dataclasses import replace

from sqlalchemy import Engine, text

from shared.domain.running import ProcessKind
from shared.services.heartbeat import Heartbeat
from shared.settings import Settings


def beat(engine: Engine, settings: Settings, *kinds: ProcessKind, relay: str | None = None) -> None:
    """One heartbeat of a process of each kind, with these settings; by default a web process and a worker."""
    used = settings if relay is None else replace(settings, mail_relay_url=relay)
    for kind in kinds or (ProcessKind.WEB, ProcessKind.WORKER):
        Heartbeat(engine, used, kind).beat()


def fall_silent(engine: Engine, kind: ProcessKind, seconds: int = 90) -> None:
    """The processes of this kind beat last so long ago."""
    statement = text(
        "UPDATE process_heartbeat SET started_at = started_at - :s * interval '1 second',"
        " beat_at = beat_at - :s * interval '1 second' WHERE kind = :kind"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"s": seconds, "kind": kind})
