"""The SMTP connections that workers hold now, over all hosts, with the heartbeat of each.

A connection without a heartbeat for `timing.dead_after` seconds is dead: what it holds is taken from it. No heartbeat
revives it; only its worker's next claim does.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

import socket
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, text

from shared.db.driver import ask, spell
from shared.db.tables import delivery_connection
from shared.db.tables.letters import UNATTENDED
from shared.domain.states import LetterState
from shared.domain.transport import Transport

# A condition on `delivery_connection`: its worker was heard of within :dead_after_s seconds.
ALIVE = "delivery_connection.beat_at > now() - :dead_after_s * interval '1 second'"
# The same of a letter in `sending`, LEFT JOINed with its worker's connection. A worker of an older version has no row:
# there the claim is the only heartbeat.
AT_WORK = "coalesce(delivery_connection.beat_at, letter.state_changed_at) > now() - :dead_after_s * interval '1 second'"

_OPEN = text(
    """
    INSERT INTO delivery_connection (name, transport, host)
    VALUES (:name, :transport, :host)
    ON CONFLICT (name) DO UPDATE SET transport = excluded.transport, opened_at = now(), beat_at = now()
    """
)
_RENAME = spell(
    text(
        f"""
        UPDATE delivery_connection SET name = :name, beat_at = now()
        WHERE name = :before AND {ALIVE}
        RETURNING name
        """
    )
)
_BEAT = text(f"UPDATE delivery_connection SET beat_at = now() WHERE name = ANY(:names) AND {ALIVE} RETURNING name")
# What a dead connection still holds; its row says on which host that is, and since when the host has not answered.
_PRUNE = text(
    f"""
    DELETE FROM delivery_connection
    WHERE name IN (
        SELECT name FROM delivery_connection
        WHERE NOT {ALIVE}
        AND name NOT IN (
            SELECT worker FROM letter WHERE state = 'sending'
            UNION ALL SELECT worker FROM letter WHERE state = 'uncertain' AND {UNATTENDED}
            UNION ALL SELECT worker FROM follow_up WHERE state = 'sending'
        )
        ORDER BY name
        FOR NO KEY UPDATE SKIP LOCKED
    )
    """
)
_COUNT = text(f"SELECT transport, count(*) FROM delivery_connection WHERE {ALIVE} GROUP BY transport")
_CLOSE = text("DELETE FROM delivery_connection WHERE name = ANY(:names)")


def open_connection(connection: Connection, name: str, transport: Transport) -> None:
    """Registers the connection that claims under `name` use, in the transaction of a claim.

    Revives it when it was dead, with or without its row; moves it when it goes by another transport now.
    """
    connection.execute(_OPEN, {"name": name, "transport": transport.value, "host": socket.gethostname()})


def rename_connection(connection: Connection, before: str, name: str, dead_after_s: float) -> bool:
    """A connection takes the name of its worker's new journal, and its heartbeat is renewed; False when it was dead."""
    values = {"before": before, "name": name, "dead_after_s": dead_after_s}
    return bool(ask(connection, _RENAME, values))


def beat(connection: Connection, names: Sequence[str], dead_after_s: float) -> set[str]:
    """Renews the heartbeat of these connections; returns those that were not dead."""
    return set(connection.scalars(_BEAT, {"names": list(names), "dead_after_s": dead_after_s}))


def close_connection(connection: Connection, *names: str) -> None:
    """Frees the connections of these names."""
    connection.execute(_CLOSE, {"names": list(names)})


def count_connections(connection: Connection, dead_after_s: float) -> dict[Transport, int]:
    """How many connections are open, over all hosts, by transport; every transport is there."""
    counts = dict.fromkeys(Transport, 0)
    for transport, number in connection.execute(_COUNT, {"dead_after_s": dead_after_s}):
        counts[Transport(transport)] = number
    return counts


def prune_connections(connection: Connection, dead_after_s: float) -> None:
    """Forgets dead connections that hold nothing, and whose loss nobody has to hear of any more."""
    connection.execute(_PRUNE, {"dead_after_s": dead_after_s})


def is_overdue(claimed: Table, dead_after_s: float) -> ColumnElement[bool]:
    """A condition on letters or follow-ups in `sending`: the connection is dead, or the lease ran out."""
    silent = delivery_connection.c.beat_at <= func.now() - timedelta(seconds=dead_after_s)
    dead = claimed.c.worker.in_(select(delivery_connection.c.name).where(silent))
    return and_(claimed.c.state == LetterState.SENDING.value, or_(dead, claimed.c.lease_until < func.now()))
