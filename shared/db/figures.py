"""Counts the installation, and keeps the newest count for all processes.

Nothing here reads a letter or a submission itself: each count reads an index alone, except for the letters that left in
the last minute, which an index by time leads to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.clock import now
from shared.db import tallies
from shared.db.domains import DomainLine, list_domains
from shared.db.tables import snapshot
from shared.db.tables.letters import ATTENTION
from shared.domain.figures import CampaignFigures, DomainFigures, Figures
from shared.domain.states import LetterState
from shared.domain.transport import Transport

_LOCK = text("SELECT pg_try_advisory_xact_lock(7310044)")
# One statement, so that what was promised and what is there are of the same moment.
_CAMPAIGNS = """
SELECT campaign.id, coalesce(wrote.people, 0), coalesce(wrote.expected, 0), coalesce(wrote.looking_up, 0),
    coalesce(wrote.needs_address, 0), coalesce(there.by_state, '{{}}'), coalesce(troubled.letters, 0){columns}
FROM campaign
LEFT JOIN (SELECT campaign_id, count(accepted_at) AS people, sum(expected_letters) AS expected,
    count(accepted_at) FILTER (WHERE state IN ('draft', 'looking_up')) AS looking_up,
    count(accepted_at) FILTER (WHERE state = 'needs_address') AS needs_address
    FROM submission WHERE {which} GROUP BY campaign_id) AS wrote ON wrote.campaign_id = campaign.id
LEFT JOIN (SELECT campaign_id, jsonb_object_agg(state, letters) AS by_state
    FROM (SELECT campaign_id, state, count(*) AS letters FROM letter WHERE {which} GROUP BY campaign_id, state) AS one
    GROUP BY campaign_id) AS there ON there.campaign_id = campaign.id
LEFT JOIN (SELECT campaign_id, count(*) AS letters FROM letter WHERE {which} AND {attention} GROUP BY campaign_id)
    AS troubled ON troubled.campaign_id = campaign.id
{joins}"""
_PLAIN = {"attention": ATTENTION, "columns": "", "joins": ""}
_EVERY_CAMPAIGN = text(_CAMPAIGNS.format(which="true", **_PLAIN))
_ONE_CAMPAIGN = text(
    _CAMPAIGNS.format(which="campaign_id = :campaign_id", **_PLAIN) + "WHERE campaign.id = :campaign_id"
)
_WITH_TALLIES = text(_CAMPAIGNS.format(which="true", attention=ATTENTION, columns=tallies.COLUMNS, joins=tallies.JOINS))
# The columns of a tally come last.
_TALLY = 3
_FOLLOW_UPS = text("SELECT state, count(*) FROM follow_up GROUP BY state")
_SENT = text(
    "SELECT letter.transport, letter.receiving_domain, count(*) FROM letter_event JOIN letter"
    " ON letter.id = letter_event.letter_id WHERE letter_event.at > now() - interval '1 minute'"
    " AND letter_event.to_state = 'sent' GROUP BY letter.transport, letter.receiving_domain"
)


@dataclass(frozen=True)
class Snapshot:
    """A count that was kept, its age, and how long the counting took, in seconds."""

    figures: Figures
    age_s: float
    took_s: float


def take_turn(connection: Connection) -> bool:
    """True for the one process that may count now; the turn ends with its transaction."""
    return bool(connection.execute(_LOCK).scalar_one())


def count_campaign(connection: Connection, campaign_id: int) -> CampaignFigures:
    """One campaign, counted now."""
    row = connection.execute(_ONE_CAMPAIGN, {"campaign_id": campaign_id}).one()
    return _campaign(*row[1:])


def count_imbalance(connection: Connection) -> int:
    """Letters too few or too many, counted now; anything but 0 is an alarm."""
    return sum(abs(one.imbalance) for one in _campaigns(connection).values())


def count_figures(connection: Connection, transports: Sequence[Transport]) -> Figures:
    """Everything, counted now; `transports` are those that are open. The campaigns' tallies are kept at once."""
    taken_at = now()
    # Workers plan without bitmaps, and the index of the events' times is read by one.
    connection.execute(text("SET LOCAL enable_bitmapscan = on"))
    follow_ups = dict.fromkeys(LetterState, 0)
    for state, number in connection.execute(_FOLLOW_UPS):
        follow_ups[LetterState(state)] = number
    sent = {(transport, domain): number for transport, domain, number in connection.execute(_SENT)}
    domains = tuple(
        _domain(line, sent.get((line.transport.value, line.receiving_domain), 0))
        for line in list_domains(connection, transports)
    )
    return Figures(taken_at, _campaigns_and_tallies(connection), follow_ups, domains)


def read_snapshot(connection: Connection) -> Snapshot | None:
    """The newest count that was kept, if any."""
    age = func.extract("epoch", func.now() - snapshot.c.taken_at)
    row = connection.execute(select(snapshot.c.taken_at, snapshot.c.took_s, snapshot.c.figures, age)).one_or_none()
    return Snapshot(_from_json(row[0], row[2]), float(row[3]), row[1]) if row else None


def write_snapshot(connection: Connection, figures: Figures, took_s: float) -> None:
    """Keeps a count in the place of the one before."""
    values = {"id": 1, "taken_at": func.now(), "took_s": took_s, "figures": _to_json(figures)}
    statement = insert(snapshot).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=[snapshot.c.id], set_=values))


def _campaigns(connection: Connection) -> dict[int, CampaignFigures]:
    return {row[0]: _campaign(*row[1:]) for row in connection.execute(_EVERY_CAMPAIGN)}


def _campaigns_and_tallies(connection: Connection) -> dict[int, CampaignFigures]:
    rows = connection.execute(_WITH_TALLIES).all()
    tallies.write_tallies(connection, {row[0]: tuple(row[-_TALLY:]) for row in rows})
    return {row[0]: _campaign(*row[1:-_TALLY]) for row in rows}


def _campaign(
    people: int,
    expected: int,
    looking_up: int,
    needs_address: int,
    by_state: Mapping[str, int],
    attention: int = 0,
) -> CampaignFigures:
    states = {LetterState(state): number for state, number in by_state.items()}
    return CampaignFigures(people, expected, looking_up, needs_address, states, attention)


def _domain(line: DomainLine, sent_last_minute: int) -> DomainFigures:
    return DomainFigures(
        transport=line.transport,
        receiving_domain=line.receiving_domain,
        waiting=line.waiting,
        oldest_due_s=line.oldest_due_s,
        sent_last_minute=sent_last_minute,
        rate_per_hour=line.pace.rate_per_hour,
        is_left_alone=line.open_until is not None,
    )


def _to_json(figures: Figures) -> dict[str, Any]:
    return {name: value for name, value in asdict(figures).items() if name != "taken_at"}


def _from_json(taken_at: Any, stored: Mapping[str, Any]) -> Figures:
    campaigns = {int(number): _campaign(**one) for number, one in stored["campaigns"].items()}
    follow_ups = {LetterState(state): number for state, number in stored["follow_ups"].items()}
    domains = (DomainFigures(**{**one, "transport": Transport(one["transport"])}) for one in stored["domains"])
    return Figures(taken_at, campaigns, follow_ups, tuple(domains))
