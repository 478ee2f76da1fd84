"""Counts what needs attention in a campaign, by what one mends: along indexes of just that, and with a bound."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from shared.clock import now
from shared.db.pace import PACE
from shared.db.relay_states import read_states
from shared.db.tables.letters import UNATTENDED
from shared.domain.causes import Cause
from shared.domain.pace import Pace
from shared.domain.places import LookupStatus
from shared.domain.problems import PLACES, WAITS_FOR_A_PERSON, Problem
from shared.domain.states import NEEDS_ATTENTION, LetterState
from shared.domain.transport import SERVER_OF, Transport
from shared.domain.waiting_domains import SLOW_S, WaitingDomain

# Letters of a state that are grouped at most; a page that stays quick matters more than the last of so many.
MOST_OF_A_STATE = 50_000
# More letters of a domain than this are called that many.
MOST_OF_A_DOMAIN = 10_000
# Refusals of a domain that are looked at for one with words.
_LOOKED_AT = 50

_CAUSES = ", ".join(f"'{cause}'" for cause in WAITS_FOR_A_PERSON)
_PLACES = {state: f"state = '{state}'" for state in sorted(NEEDS_ATTENTION)}
_PLACES[LetterState.DEFERRED] = f"state = '{LetterState.DEFERRED}' AND cause IN ({_CAUSES})"
# Each state by itself, so that no flood in one hides another, and that the planner knows how many there are. They are
# grouped in the order of their index.
_OF_STATE = (
    "(SELECT '{state}' AS state, cause, office_id, receiving_domain, count(*) AS letters FROM ("
    "SELECT cause, office_id, receiving_domain FROM letter WHERE campaign_id = :campaign_id AND {which}"
    f" AND {UNATTENDED} ORDER BY cause, office_id, receiving_domain LIMIT :most"
    ") AS one GROUP BY cause, office_id, receiving_domain)"
)
_LINES = text(" UNION ALL ".join(_OF_STATE.format(state=state, which=which) for state, which in _PLACES.items()))
# Some servers give no words.
_REPLIES = text(
    "SELECT asked.domain, found.remote_reply FROM unnest(CAST(:domains AS text[])) AS asked(domain)"
    " CROSS JOIN LATERAL (SELECT remote_reply FROM (SELECT remote_reply FROM letter WHERE campaign_id = :campaign_id"
    " AND state IN ('rejected', 'bounced') AND cause = ANY(:causes) AND receiving_domain = asked.domain"
    f" AND {UNATTENDED} LIMIT :looked_at) AS one"
    " WHERE remote_reply <> '' LIMIT 1) AS found"
)
# A dead connection keeps its row while letters that it held are uncertain.
_LOST = text(
    f"""
    SELECT host, max(beat_at) AS beat_at
    FROM delivery_connection
    WHERE name IN (
        SELECT worker FROM letter
        WHERE campaign_id = :campaign_id AND state = 'uncertain' AND cause = '{Cause.LEASE_EXPIRED}' AND {UNATTENDED}
    )
    GROUP BY host
    ORDER BY beat_at, host
    """
)
_ASKED = text(
    "SELECT lookup_status, count(*) FROM (SELECT lookup_status FROM submission WHERE campaign_id = :campaign_id"
    f" AND state = 'needs_address' AND accepted_at IS NOT NULL AND {UNATTENDED} LIMIT :most) AS one"
    " GROUP BY lookup_status"
)
_WAITS = (
    "(SELECT count(*) FROM (SELECT 1 FROM letter WHERE letter.state = '{state}' AND letter.transport = p.transport"
    " AND letter.receiving_domain = p.receiving_domain AND letter.campaign_id = :campaign_id LIMIT :most) AS one)"
)
_NEXT = (
    "(SELECT min(due_at) FROM letter WHERE letter.state = 'deferred' AND letter.transport = p.transport"
    " AND letter.receiving_domain = p.receiving_domain AND letter.campaign_id = :campaign_id)"
)
_HAS = (
    "EXISTS (SELECT 1 FROM letter WHERE letter.state = '{state}' AND letter.transport = p.transport"
    " AND letter.receiving_domain = p.receiving_domain AND letter.campaign_id = :campaign_id)"
)
# There is one row for each mail domain of an office: few, and each is asked of along the index of what waits.
_DOMAINS = text(
    f"SELECT p.transport, p.receiving_domain, {PACE},"
    " CASE WHEN p.open_until > now() THEN p.open_until END AS open_until, p.open_cause, p.open_reply,"
    f" {_WAITS.format(state='queued')} AS queued, {_WAITS.format(state='deferred')} AS deferred, {_NEXT} AS next_try"
    f" FROM domain_pace p WHERE {_HAS.format(state='deferred')} OR ({_HAS.format(state='queued')}"
    " AND (p.open_until > now() OR p.trial > 0 OR p.seconds_per_letter >= :slow OR NOT p.transport = ANY(:served)))"
    " ORDER BY open_until DESC NULLS LAST, p.receiving_domain LIMIT :domains"
)


@dataclass(frozen=True)
class AttentionLine:
    """Letters of one state and cause, to one office at one mail domain."""

    state: LetterState
    cause: Cause
    office_id: int
    receiving_domain: str
    letters: int


def count_lines(connection: Connection, campaign_id: int, *, most: int = MOST_OF_A_STATE) -> list[AttentionLine]:
    """What needs attention, grouped; of each state `most` letters at most."""
    rows = connection.execute(_LINES, {"campaign_id": campaign_id, "most": most})
    return [
        AttentionLine(LetterState(state), Cause(cause), office, domain, letters)
        for state, cause, office, domain, letters in rows
    ]


def refusal_words(connection: Connection, campaign_id: int, problem: Problem, domains: Sequence[str]) -> dict[str, str]:
    """One refusal of this kind by each of these domains, in its server's own words, if it gave any."""
    if not domains:
        return {}
    causes = [cause.value for cause in PLACES[problem][LetterState.REJECTED]]
    values = {"campaign_id": campaign_id, "domains": list(domains), "causes": causes, "looked_at": _LOOKED_AT}
    return {row.domain: row.remote_reply for row in connection.execute(_REPLIES, values)}


def lost_hosts(connection: Connection, campaign_id: int) -> list[tuple[str, datetime]]:
    """The hosts whose workers were lost with letters of the campaign, and when each was last heard of, oldest first."""
    return [(row.host, row.beat_at) for row in connection.execute(_LOST, {"campaign_id": campaign_id})]


def count_asked(connection: Connection, campaign_id: int) -> dict[LookupStatus, int]:
    """People who pressed Send and are asked about their address, by what was found; those nobody dealt with."""
    rows = connection.execute(_ASKED, {"campaign_id": campaign_id, "most": MOST_OF_A_STATE})
    return {LookupStatus(status): people for status, people in rows if status}


def waiting_domains(
    connection: Connection, campaign_id: int, usable: Sequence[Transport], domains: int
) -> list[WaitingDomain]:
    """Up to so many mail domains that letters of the campaign wait for: they put us off, are stopped, slow or closed.

    `usable` are the transports that are open.
    """
    states, at = read_states(connection), now()
    served = [one.value for one in usable if states[SERVER_OF[one]].paused_until(at) is None]
    values = {"campaign_id": campaign_id, "most": MOST_OF_A_DOMAIN, "domains": domains, "slow": SLOW_S}
    rows = connection.execute(_DOMAINS, {**values, "served": served})
    found = []
    for transport, domain, *pace, open_until, cause, reply, queued, deferred, next_try in rows:
        server = states[SERVER_OF[Transport(transport)]]
        until, why, is_relays = server.rest_of_domain(open_until, Cause(cause), at)
        pace_of = Pace(*pace)
        found.append(
            WaitingDomain(
                Transport(transport), domain, pace_of, until, why, queued, deferred, next_try, is_relays, reply
            )
        )
    return found
