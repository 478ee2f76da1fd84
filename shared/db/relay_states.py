"""The rows about the mail servers themselves. Rules are in `shared.domain.relay_state`.

A transaction locks one of these rows last, after those of letters and domains.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from shared.db.delivery_connections import ALIVE
from shared.db.driver import ask, spell
from shared.domain.causes import Cause
from shared.domain.pace import BURST_SHARE
from shared.domain.relay_state import RELAY_CAUSES, RelayState, connections_of
from shared.domain.transport import SERVER_OF, MailServer, Transport
from shared.timing import USUAL

_CASES = " ".join(f"WHEN '{transport}' THEN '{server}'" for transport, server in SERVER_OF.items())
# The server of a row with a transport.
_SERVER = f"CASE {{table}}.transport {_CASES} END"
# The servers that have a row, or else one row without a server; each with all connections, the oldest first.
_READ = spell(
    text(
        f"""
        SELECT server, connections, max_connections, learned_connections, rate_per_hour, epoch, failures, probe,
            open_until, open_cause,
            coalesce(extract(epoch FROM now() - learned_at), 0)::float8 AS learned_for_s,
            coalesce(open_until > now(), false) AS is_resting,
            least(
                greatest(1, rate_per_hour * :burst_share),
                tokens + extract(epoch FROM now() - refilled_at) * rate_per_hour / 3600
            )::float8 AS tokens
        FROM (
            SELECT coalesce(jsonb_agg(jsonb_build_array(name, transport) ORDER BY opened_at, name), '[]') AS connections
            FROM delivery_connection
            WHERE {ALIVE}
        ) AS alive
        LEFT JOIN relay_state ON true
        """
    )
)
_ADD = text("INSERT INTO relay_state (server) VALUES (:server) ON CONFLICT DO NOTHING")
_LOCK = text("SELECT 1 FROM relay_state WHERE server = :server FOR NO KEY UPDATE")
_PROBE = text("UPDATE relay_state SET probe = :worker WHERE server = :server")
_TAKE = text("UPDATE relay_state SET tokens = :tokens, refilled_at = now() WHERE server = :server")
_GIVE_BACK = text(
    "UPDATE relay_state SET tokens = tokens + :emails WHERE server = :server AND rate_per_hour IS NOT NULL"
)
_BEGIN_BREAK = text(
    """
    UPDATE relay_state
    SET epoch = epoch + 1, failures = :failures, open_cause = :cause, probe = '',
        open_until = now() + :rest_s * interval '1 second'
    WHERE server = :server
    RETURNING open_until
    """
)
_CLOSE = text(
    """
    UPDATE relay_state
    SET failures = 0, open_until = NULL, open_cause = '', probe = ''
    WHERE server = :server AND epoch = :epoch AND failures > 0
    """
)
_LEARN = text("UPDATE relay_state SET learned_connections = :connections, learned_at = now() WHERE server = :server")
_SET_LIMITS = text(
    """
    UPDATE relay_state
    SET max_connections = :max_connections, rate_per_hour = :rate_per_hour, learned_connections = NULL
    WHERE server = :server
    """
)
_END_REST = text("UPDATE relay_state SET open_until = now() WHERE server = :server AND open_until > now()")
_FORGET = text(
    """
    UPDATE relay_state
    SET epoch = epoch + 1, failures = 0, open_until = NULL, open_cause = '', probe = '', learned_connections = NULL
    WHERE server = :server
    """
)
# Domains rest with their relay, and no longer.
_END_DOMAINS_RESTS = text(
    f"""
    UPDATE domain_pace
    SET open_until = NULL, open_cause = '', blocked_at = now()
    WHERE (transport, receiving_domain) IN (
        SELECT transport, receiving_domain
        FROM domain_pace
        WHERE {_SERVER.format(table="domain_pace")} = :server AND open_until > now() AND open_cause = ANY(:causes)
        ORDER BY receiving_domain, transport DESC
        FOR NO KEY UPDATE
    )
    """
)


def read_states(
    connection: Connection, *, worker: str = "", dead_after_s: float = USUAL.dead_after
) -> dict[MailServer, RelayState]:
    """The servers as they are now, for the claim of `worker` if it names one. Locks nothing."""
    rows = ask(connection, _READ, {"burst_share": BURST_SHARE, "dead_after_s": dead_after_s})
    known = {row["server"]: row for row in rows}
    names: dict[MailServer, list[str]] = {server: [] for server in MailServer}
    for name, transport in rows[0]["connections"]:
        names[SERVER_OF[Transport(transport)]].append(name)
    return {server: _state(server, known.get(server), names[server], worker) for server in MailServer}


def _state(server: MailServer, row: Mapping[str, Any] | None, names: Sequence[str], worker: str) -> RelayState:
    if row is None:
        return RelayState(server, connections=connections_of(names, worker, probe=""))
    return RelayState(
        server,
        row["max_connections"],
        row["learned_connections"],
        row["learned_for_s"],
        row["rate_per_hour"],
        row["tokens"] if row["rate_per_hour"] is not None else 0.0,
        row["epoch"],
        row["failures"],
        row["open_until"],
        Cause(row["open_cause"]),
        row["is_resting"],
        connections_of(names, worker, probe=row["probe"]),
    )


def lock_state(connection: Connection, server: MailServer, *, worker: str = "", dead_after_s: float) -> RelayState:
    """The server as it is now, locked until COMMIT."""
    values = {"server": server.value}
    if connection.execute(_LOCK, values).first() is None:
        connection.execute(_ADD, values)
        connection.execute(_LOCK, values)
    # By a statement of its own: the one that waited for the lock does not see what changed meanwhile.
    return read_states(connection, worker=worker, dead_after_s=dead_after_s)[server]


def make_probe(connection: Connection, server: MailServer, worker: str) -> None:
    """The connection of `worker` probes the server, whose row the caller holds."""
    connection.execute(_PROBE, {"server": server.value, "worker": worker})


def take_tokens(connection: Connection, state: RelayState, emails: int) -> None:
    """Notes that a claim took emails, where a rate is set; the caller holds the row."""
    if state.rate_per_hour is not None:
        connection.execute(_TAKE, {"server": state.server.value, "tokens": state.tokens - emails})


def give_back(connection: Connection, server: MailServer, emails: int) -> None:
    """So many emails that a claim took were not tried."""
    connection.execute(_GIVE_BACK, {"server": server.value, "emails": emails})


def begin_break(connection: Connection, server: MailServer, *, failures: int, rest_s: float, cause: Cause) -> datetime:
    """The server rests from now on; returns until when. The caller holds the row."""
    values = {"server": server.value, "failures": failures, "rest_s": rest_s, "cause": cause.value}
    found: datetime = connection.execute(_BEGIN_BREAK, values).scalar_one()
    return found


def end_break(connection: Connection, server: MailServer, epoch: int) -> bool:
    """A probe of this epoch succeeded: mail leaves again; False when a newer break has begun, or none is on."""
    return bool(connection.execute(_CLOSE, {"server": server.value, "epoch": epoch}).rowcount)


def learn_ceiling(connection: Connection, server: MailServer, connections: int) -> None:
    """The server takes no more connections than this now."""
    connection.execute(_LEARN, {"server": server.value, "connections": connections})


def write_limits(
    connection: Connection, server: MailServer, *, max_connections: int, rate_per_hour: int | None
) -> None:
    """The limits that a person sets; what the server taught us is tried anew. The caller holds the row."""
    values = {"server": server.value, "max_connections": max_connections, "rate_per_hour": rate_per_hour}
    connection.execute(_SET_LIMITS, values)


def end_rest(connection: Connection, server: MailServer) -> bool:
    """The server may be probed at once; False when it does not rest. A probe that fails begins a longer rest."""
    values = {"server": server.value, "causes": [cause.value for cause in RELAY_CAUSES]}
    connection.execute(_END_DOMAINS_RESTS, values)
    return bool(connection.execute(_END_REST, {"server": server.value}).rowcount)


def forget(connection: Connection, server: MailServer) -> None:
    """Another server stands in its place: nothing is known about it. Limits that a person set stay."""
    values = {"server": server.value, "causes": [cause.value for cause in RELAY_CAUSES]}
    connection.execute(_END_DOMAINS_RESTS, values)
    connection.execute(_FORGET, {"server": server.value})
