"""What waits for each receiving domain, and how fast it is served: read by people and by the figures."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from shared.clock import now
from shared.db.campaigns import SENDABLE
from shared.db.pace import PACE
from shared.db.relay_states import read_states
from shared.domain.causes import Cause
from shared.domain.pace import Pace
from shared.domain.refusal_runs import NEW_DOMAIN
from shared.domain.relay_state import RelayState
from shared.domain.transport import SERVER_OF, Transport


@dataclass(frozen=True)
class DomainLine:
    """One receiving domain. `waiting` letters are queued or deferred, due or not.

    `oldest_due_s` is for how many seconds one of them could have left: it is due, its transport is open, its campaign
    may send and nothing holds everything; 0 when there is none. `open_until` is set while workers leave it alone;
    `is_relays` when that is so because its mail server is paused, with all other domains. `open_reply` is what the
    domain's server said when it refused everything, empty once it takes letters again.
    """

    transport: Transport
    receiving_domain: str
    pace: Pace
    waiting: int
    oldest_due_s: float
    open_until: datetime | None
    open_cause: Cause
    open_reply: str = ""
    is_relays: bool = False

    @property
    def is_resting(self) -> bool:
        """True while the domain itself is left alone, not only its mail server."""
        return self.open_until is not None and not self.is_relays

    @property
    def can_try_now(self) -> bool:
        """True while something of its own keeps letters from it that an organizer may end: a rest, a trial, newness."""
        return self.is_resting or self.pace.allowance is not None

    @property
    def is_ordinary(self) -> bool:
        """True when there is nothing to say about it: none waits, no rate is set, and it is served without a trial."""
        is_served = not self.is_resting and not self.pace.trial
        return not self.waiting and self.pace.rate_per_hour is None and is_served


# Both parts read ix_letter_claimable alone: a count of what waits, and the first due letter of each campaign and lane.
_LIST = text(
    "WITH waiting AS (SELECT transport, receiving_domain, count(*) AS letters FROM letter"
    " WHERE state IN ('queued', 'deferred') GROUP BY transport, receiving_domain),"
    " oldest AS (SELECT p.transport, p.receiving_domain, min(first.due_at) AS due_at FROM domain_pace p"
    " CROSS JOIN campaign CROSS JOIN (VALUES ('queued'), ('deferred')) AS lane(state)"
    " CROSS JOIN LATERAL (SELECT due_at FROM letter WHERE letter.state = lane.state"
    " AND letter.state IN ('queued', 'deferred') AND letter.transport = p.transport"
    " AND letter.receiving_domain = p.receiving_domain AND letter.campaign_id = campaign.id AND due_at <= now()"
    " ORDER BY due_at LIMIT 1) AS first"
    f" WHERE p.transport = ANY(:transports) AND {SENDABLE.format(transport='p.transport')}"
    " AND NOT EXISTS (SELECT 1 FROM installation WHERE is_paused OR hold_reason <> '')"
    " GROUP BY p.transport, p.receiving_domain)"
    f" SELECT transport, receiving_domain, {PACE},"
    " coalesce(letters, 0), coalesce(extract(epoch FROM now() - oldest.due_at), 0),"
    " CASE WHEN p.open_until > now() THEN p.open_until END, p.open_cause,"
    " CASE WHEN p.trial > 0 THEN p.open_reply ELSE '' END"
    " FROM domain_pace p LEFT JOIN waiting USING (transport, receiving_domain)"
    " LEFT JOIN oldest USING (transport, receiving_domain)"
    " ORDER BY coalesce(letters, 0) DESC, receiving_domain, transport"
)
_SET_RATE = text(
    "INSERT INTO domain_pace (transport, receiving_domain, rate_per_hour, own_rate_per_hour, allowance)"
    f" VALUES (:transport, :domain, :rate, :rate, {NEW_DOMAIN})"
    " ON CONFLICT (transport, receiving_domain) DO UPDATE SET rate_per_hour = :rate, own_rate_per_hour = :rate"
)
_END_BREAK = text(
    "UPDATE domain_pace SET open_until = NULL, open_cause = '', open_reply = '', allowance = NULL, trial = 0,"
    " rate_per_hour = own_rate_per_hour, held_at = CASE WHEN held_at IS NOT NULL THEN now() END,"
    " blocked_at = now() WHERE receiving_domain = :domain AND (open_until > now() OR allowance IS NOT NULL)"
)
_PACES = text(
    f"SELECT transport, receiving_domain, {PACE}, CASE WHEN open_until > now() THEN open_until END FROM domain_pace p"
    " JOIN unnest(CAST(:transports AS text[]), CAST(:domains AS text[])) AS asked(transport, receiving_domain)"
    " USING (transport, receiving_domain)"
)


def paces_of(
    connection: Connection, wanted: Collection[tuple[Transport, str]]
) -> dict[tuple[Transport, str], tuple[Pace, datetime | None]]:
    """The pace of each of these domains that is known, and until when it is left alone, if it is.

    The state of the mail servers counts in both.
    """
    states, at = read_states(connection), now()
    values = {"transports": [one.value for one, _ in wanted], "domains": [domain for _, domain in wanted]}
    paces = {}
    for transport, domain, *pace, open_until in connection.execute(_PACES, values):
        state = states[SERVER_OF[Transport(transport)]]
        until, _, _ = state.rest_of_domain(open_until, Cause.NONE, at)
        paces[Transport(transport), domain] = (state.bounded(Pace(*pace)), until)
    return paces


def list_domains(connection: Connection, transports: Sequence[Transport]) -> list[DomainLine]:
    """Every domain that was ever written to, most letters waiting first; `transports` are those that are open."""
    states, at = read_states(connection), now()
    rows = connection.execute(_LIST, {"transports": [transport.value for transport in transports]})
    lines = (
        DomainLine(Transport(transport), domain, Pace(*pace), waiting, float(oldest), open_until, Cause(cause), said)
        for transport, domain, *pace, waiting, oldest, open_until, cause, said in rows
    )
    return [_with_server(line, states[SERVER_OF[line.transport]], at) for line in lines]


def _with_server(line: DomainLine, state: RelayState, at: datetime) -> DomainLine:
    """A domain is not served while its mail server is paused, nor over more connections than that one takes."""
    until, cause, is_relays = state.rest_of_domain(line.open_until, line.open_cause, at)
    pace = state.bounded(line.pace)
    return replace(line, pace=pace, open_until=until, open_cause=cause, is_relays=is_relays)


def write_rate(connection: Connection, transport: Transport, domain: str, rate_per_hour: int | None) -> None:
    """The most letters an hour for a domain, also for one that nobody has written to yet; None for no limit."""
    connection.execute(_SET_RATE, {"transport": transport.value, "domain": domain, "rate": rate_per_hour})


def end_break(connection: Connection, domain: str) -> bool:
    """The domain may be served again at once, whatever the way to it; False when nothing kept it."""
    return bool(connection.execute(_END_BREAK, {"domain": domain}).rowcount)
