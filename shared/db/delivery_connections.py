"""The SMTP connections that workers hold now, over all hosts, with the heartbeat of each."""

import socket
from collections.abc import Sequence

from sqlalchemy import Connection, text

from shared.domain.transport import Transport

# A condition on `delivery_connection`: its worker was heard of within :dead_after_s seconds.
ALIVE = "delivery_connection.beat_at > now() - :dead_after_s * interval '1 second'"

_OPEN = text(
    """
    INSERT INTO delivery_connection (name, transport, host)
    VALUES (:name, :transport, :host)
    ON CONFLICT (name) DO UPDATE SET transport = excluded.transport, opened_at = now(), beat_at = now()
    """
)
_BEAT = text("UPDATE delivery_connection SET beat_at = now() WHERE name = ANY(:names)")
_CLOSE = text("DELETE FROM delivery_connection WHERE name = :name")


def open_connection(connection: Connection, name: str, transport: Transport) -> None:
    """Registers the connection that claims under `name` use; moves it when it goes by another transport now."""
    connection.execute(_OPEN, {"name": name, "transport": transport.value, "host": socket.gethostname()})


def beat(connection: Connection, names: Sequence[str]) -> None:
    """Renews the heartbeat of these connections."""
    connection.execute(_BEAT, {"names": list(names)})


def close_connection(connection: Connection, name: str) -> None:
    """Frees the connection."""
    connection.execute(_CLOSE, {"name": name})
