"""The mail servers' own state: the one answer that commands, pages, forecasts and metrics give about it."""

import structlog
from sqlalchemy import Connection, Engine

from shared.db import relay_states
from shared.db.engine import at_once
from shared.domain.relay_state import MOST_MAX_CONNECTIONS, RelayState
from shared.domain.transport import SERVER_OF, MailServer
from shared.errors import NotAllowed
from shared.services.outbox import open_transports
from shared.settings import Settings

_LOG = structlog.get_logger()


def list_servers(connection: Connection, settings: Settings) -> list[RelayState]:
    """The servers that mail can go to now: the relay first, if one is configured, then the local mailbox."""
    used = {SERVER_OF[transport] for transport in open_transports(settings)}
    states = relay_states.read_states(connection, dead_after_s=settings.timing.dead_after)
    return [states[server] for server in (MailServer.RELAY, MailServer.MAILBOX) if server in used]


def paused_servers(connection: Connection, settings: Settings) -> list[RelayState]:
    """Those of them that are paused."""
    return [state for state in list_servers(connection, settings) if state.is_paused]


def read_servers(engine: Engine, settings: Settings) -> list[RelayState]:
    """`list_servers` by a connection of its own."""
    with at_once(engine) as connection:
        return list_servers(connection, settings)


def read_relay_limits(engine: Engine, settings: Settings) -> RelayState:
    """The relay's state, also while none is configured: its limits may be set before."""
    with at_once(engine) as connection:
        states = relay_states.read_states(connection, dead_after_s=settings.timing.dead_after)
    return states[MailServer.RELAY]


def set_limits(
    engine: Engine, settings: Settings, *, max_connections: int, rate_per_hour: int | None, actor: str
) -> None:
    """At most so many connections to the relay at a time, and emails an hour; None for no rate limit."""
    if not 0 < max_connections <= MOST_MAX_CONNECTIONS:
        raise NotAllowed(f"Choose between 1 and {MOST_MAX_CONNECTIONS:,} connections.")
    with engine.begin() as connection:
        relay_states.lock_state(connection, MailServer.RELAY, dead_after_s=settings.timing.dead_after)
        relay_states.write_limits(
            connection, MailServer.RELAY, max_connections=max_connections, rate_per_hour=rate_per_hour
        )
    _LOG.info("relay.limits", max_connections=max_connections, rate_per_hour=rate_per_hour, actor=actor)


def try_server_now(engine: Engine, server: MailServer, *, actor: str) -> None:
    """Ends the server's rest: the next email probes it. A probe that fails begins a longer rest. Raises NotAllowed."""
    with engine.begin() as connection:
        if not relay_states.end_rest(connection, server):
            raise NotAllowed("There is no pause to end.")
    _LOG.info("relay.try_now", server=server.value, actor=actor)
