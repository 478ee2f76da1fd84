"""Counts the letters of every campaign by office and by time, and keeps the newest count.

Counted together with the figures, in their statement, so that both are of the same moment. Each part reads an index
alone; pages read one small row.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables import tally
from shared.domain.states import LetterState
from shared.domain.tallies import LOST, OUT, Kind, Tally, Waiting
from shared.domain.transport import Transport

_OUT = ", ".join(f"'{state}'" for state in sorted(OUT))
_LOST = ", ".join(f"'{state}'" for state in sorted(LOST))
# What lies within the last hour is counted by minutes. A subquery is computed once, not once a letter.
_BIN = (
    "CASE WHEN {at} >= (SELECT date_trunc('hour', now() - interval '1 hour'))"
    " THEN date_bin('1 minute', {at}, 'epoch') ELSE date_bin('1 hour', {at}, 'epoch') END"
)
_LETTERS = (
    "SELECT campaign_id, '{kind}' AS kind, {bin} AS at, count(*) AS letters"
    " FROM letter WHERE state IN ({states}) GROUP BY 1, 3"
)
# Minutes or hours first, which are few; then only these are put into the days of a time zone.
_WRITTEN = (
    f"SELECT campaign_id, '{Kind.WRITTEN}', {_BIN.format(at='accepted_at')}, sum(expected_letters)"
    " FROM submission WHERE accepted_at IS NOT NULL AND expected_letters > 0 GROUP BY 1, 3"
)
_BINS = " UNION ALL ".join(
    (
        _LETTERS.format(kind=Kind.SENT, states=_OUT, bin=_BIN.format(at="coalesce(sent_at, state_changed_at)")),
        _LETTERS.format(kind=Kind.FAILED, states=_LOST, bin=_BIN.format(at="state_changed_at")),
        _WRITTEN,
    )
)
_ZONE = "coalesce(campaign.content ->> 'timezone', 'America/New_York')"
COLUMNS = ", coalesce(offices.counts, '{}'), coalesce(times.counts, '{}'), coalesce(waiting.counts, '[]')"
JOINS = f"""
LEFT JOIN (SELECT campaign_id, jsonb_object_agg(office_id, by_state) AS counts
    FROM (SELECT campaign_id, office_id, jsonb_object_agg(state, letters) AS by_state
        FROM (SELECT campaign_id, office_id, state, count(*) AS letters FROM letter GROUP BY 1, 2, 3) AS one
        GROUP BY campaign_id, office_id) AS office
    GROUP BY campaign_id) AS offices ON offices.campaign_id = campaign.id
LEFT JOIN (SELECT campaign_id, jsonb_object_agg(kind, series) AS counts
    FROM (SELECT campaign_id, kind, jsonb_object_agg(extract(epoch FROM at)::bigint, letters) AS series
        FROM (SELECT bin.campaign_id, kind, CASE WHEN at >= date_trunc('day', now() - interval '3 days', {_ZONE})
                THEN at ELSE date_trunc('day', at, {_ZONE}) END AS at, sum(letters) AS letters
            FROM ({_BINS}) AS bin JOIN campaign ON campaign.id = bin.campaign_id GROUP BY 1, 2, 3) AS one
        GROUP BY campaign_id, kind) AS kind
    GROUP BY campaign_id) AS times ON times.campaign_id = campaign.id
LEFT JOIN (SELECT campaign_id,
        jsonb_agg(jsonb_build_array(transport, receiving_domain, letters, last_due)) AS counts
    FROM (SELECT campaign_id, transport, receiving_domain, count(*) AS letters,
            extract(epoch FROM max(due_at))::bigint AS last_due FROM letter
        WHERE state IN ('queued', 'deferred') GROUP BY 1, 2, 3) AS one
    GROUP BY campaign_id) AS waiting ON waiting.campaign_id = campaign.id
"""
_WRITE = text(
    "INSERT INTO tally (campaign_id, offices, times, waiting) VALUES (:campaign_id, :offices, :times, :waiting)"
    " ON CONFLICT (campaign_id) DO UPDATE SET offices = excluded.offices, times = excluded.times,"
    " waiting = excluded.waiting WHERE (tally.offices, tally.times, tally.waiting)"
    " IS DISTINCT FROM (excluded.offices, excluded.times, excluded.waiting)"
).bindparams(*(bindparam(name, type_=JSONB) for name in ("offices", "times", "waiting")))
_READ = select(tally.c.offices, tally.c.times, tally.c.waiting).where(tally.c.campaign_id == bindparam("wanted"))


def write_tallies(connection: Connection, counted: Mapping[int, tuple[Any, Any, Any]]) -> None:
    """Keeps what the statement gave for each campaign; what has not changed is not written."""
    rows = [
        {"campaign_id": number, "offices": offices, "times": times, "waiting": waiting}
        for number, (offices, times, waiting) in counted.items()
    ]
    if rows:
        connection.execute(_WRITE, rows)


def read_tally(connection: Connection, campaign_id: int) -> Tally:
    """The campaign as it was counted last; empty when it never was."""
    row = connection.execute(_READ, {"wanted": campaign_id}).one_or_none()
    if row is None:
        return Tally()
    return Tally(
        offices={
            int(office): {LetterState(state): letters for state, letters in by_state.items()}
            for office, by_state in row.offices.items()
        },
        times={
            Kind(kind): {int(second): int(letters) for second, letters in series.items()}
            for kind, series in row.times.items()
        },
        waiting={
            (Transport(transport), domain): Waiting(letters, datetime.fromtimestamp(last_due, UTC))
            for transport, domain, letters, last_due in row.waiting
        },
    )
