"""Admits a connection to a mail server: all hosts together never hold more than its ceiling."""

from sqlalchemy import Connection

from shared.db import delivery_connections, relay_states
from shared.domain.transport import SERVER_OF, Transport


class NoConnectionLeft(Exception):
    """Others took the last connection, or a break has begun, since the claim looked. What it claimed is given back."""


def take_connection(
    connection: Connection, transport: Transport, epoch: int, worker: str, *, dead_after_s: float
) -> None:
    """Registers the connection of a claim, in the claim's transaction, as the probe if the server needs one.

    Raises NoConnectionLeft. Workers that keep their connection lock nothing.
    """
    server = SERVER_OF[transport]
    state = relay_states.lock_state(connection, server, worker=worker, dead_after_s=dead_after_s)
    # The claim has taken its tokens already.
    if not state.has_room or state.epoch != epoch:
        raise NoConnectionLeft
    if state.is_probe:
        relay_states.make_probe(connection, server, worker)
    delivery_connections.open_connection(connection, worker, transport)
