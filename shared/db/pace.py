"""The rows that say how fast a receiving domain takes letters. Rules are in `shared.domain.pace`."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from shared.db.campaigns import SENDABLE
from shared.db.delivery_connections import AT_WORK
from shared.db.driver import ask, spell
from shared.db.expiry import FLOOR, NOT_OVER
from shared.domain.causes import Cause
from shared.domain.pace import BURST_SHARE, TRIED_LETTER_S, Pace
from shared.domain.refusal_runs import NEW_DOMAIN
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from shared.timing import USUAL


@dataclass(frozen=True)
class DomainPace:
    """A domain that has due letters and may be served, its row locked until COMMIT."""

    transport: Transport
    receiving_domain: str
    pace: Pace
    # Connections that are at work for it now, over all hosts; those of a dead worker are not.
    busy: int


# The columns of a Pace, in its order.
PACE = ", ".join(f"p.{one.name}" for one in fields(Pace))
_TOKENS = (
    "least(greatest(1, p.rate_per_hour * :burst_share),"
    " p.tokens + extract(epoch FROM now() - p.refilled_at) * p.rate_per_hour / 3600)"
)
# A condition on `domain_pace`: no email may go there now, for its rest or for its rate. An allowance is of letters.
MUST_WAIT = text(
    "(domain_pace.open_until > now() OR domain_pace.rate_per_hour IS NOT NULL AND"
    f" {_TOKENS.replace('p.', 'domain_pace.')} < 1)"
).bindparams(burst_share=BURST_SHARE)
# The states that letters are claimed from. Each has statements of its own: only a state that is written out is found
# in the index of claimable letters, whatever plan is kept.
LANES = (LetterState.QUEUED, LetterState.DEFERRED)
# Due letters of one domain and lane, of campaigns that may send now. A claim takes from the same set.
DUE = (
    "letter.state = '{lane}' AND letter.transport = p.transport AND letter.receiving_domain = p.receiving_domain"
    f" AND letter.campaign_id = campaign.id AND letter.due_at <= now() AND letter.deliver_by > {FLOOR}"
)
# Connections at work.
_AT_WORK = f"""
    FROM letter
    LEFT JOIN delivery_connection ON delivery_connection.name = letter.worker
    WHERE letter.state = 'sending' AND {AT_WORK}
"""
_COUNT_BUSY = spell(
    text(
        f"""
        SELECT count(DISTINCT letter.worker) AS connections {_AT_WORK}
        AND letter.transport = :transport AND letter.receiving_domain = :receiving_domain
        """
    )
)
# Counted once for all domains.
_WITH_BUSY = f"""
WITH busy AS MATERIALIZED (
    SELECT letter.transport, letter.receiving_domain, count(DISTINCT letter.worker) AS connections {_AT_WORK}
    GROUP BY letter.transport, letter.receiving_domain
)
"""
_BUSY = (
    "coalesce((SELECT busy.connections FROM busy WHERE busy.transport = p.transport"
    " AND busy.receiving_domain = p.receiving_domain), 0)"
)
# As `Pace.usable_connections`.
_USABLE = (
    "CASE WHEN p.allowance IS NULL THEN p.connections"
    f" ELSE least(p.connections, greatest(1, ceil(p.seconds_per_letter / {TRIED_LETTER_S}))) END"
)
# The first by the index of claimable letters: without an order the planner expects a due letter soon anywhere in the
# table, and reads all that have left before it.
_ANY_LETTER = f"(SELECT letter.id FROM letter WHERE {DUE} ORDER BY letter.due_at LIMIT 1) IS NOT NULL"
# Something may leave for the domain now.
_IS_OPEN = (
    f"p.transport = ANY(:transports) AND (p.open_until IS NULL OR p.open_until <= now())"
    f" AND (p.rate_per_hour IS NULL OR {_TOKENS} >= 1) AND (p.allowance IS NULL OR p.allowance > 0)"
)
_MAY_BE_SERVED = (
    f"{_IS_OPEN} AND NOT EXISTS (SELECT 1 FROM installation WHERE is_paused OR hold_reason <> '')"
    f" AND {_BUSY} < {_USABLE}"
    f" AND EXISTS (SELECT 1 FROM campaign WHERE {SENDABLE.format(transport='p.transport')} AND {NOT_OVER}"
    f" AND {_ANY_LETTER})"
)
_FIND = (
    f"{_WITH_BUSY} SELECT p.transport, p.receiving_domain, {PACE}, {_TOKENS} AS tokens_now"
    f" FROM domain_pace p WHERE {_MAY_BE_SERVED}"
    " ORDER BY p.served_at NULLS FIRST LIMIT 1 FOR NO KEY UPDATE OF p"
)
_FIND_WAITING = {lane: spell(text(_FIND.format(lane=lane.value))) for lane in LANES}
_FIND_FREE = {lane: spell(text(f"{_FIND} SKIP LOCKED".format(lane=lane.value))) for lane in LANES}
_IS_DUE = f"{_WITH_BUSY} SELECT EXISTS (SELECT 1 FROM domain_pace p WHERE {_MAY_BE_SERVED})"
_ANY_DUE = {lane: text(_IS_DUE.format(lane=lane.value)) for lane in LANES}
_TAKE = spell(
    text(
        """
        UPDATE domain_pace
        SET tokens = :tokens, refilled_at = now(), served_at = clock_timestamp(), allowance = allowance - :letters,
            allowed_at = CASE WHEN allowance IS NULL THEN NULL WHEN :letters > 0 THEN now() ELSE allowed_at END
        WHERE transport = :transport AND receiving_domain = :receiving_domain
        """
    )
)
_LOCK = text(
    f"""
    SELECT {PACE}
    FROM domain_pace p
    WHERE transport = :transport AND receiving_domain = :receiving_domain
    FOR NO KEY UPDATE
    """
)
# A batch that was under way when a rest began neither ends the rest nor counts as another failure.
_WRITE = text(
    """
    UPDATE domain_pace
    SET connections = :connections, seconds_per_letter = :seconds_per_letter,
        failures = CASE WHEN open_until > now() THEN failures ELSE :failures END
    WHERE transport = :transport AND receiving_domain = :receiving_domain
    """
)
_GIVE_BACK = text(
    f"""
    UPDATE domain_pace
    SET tokens = tokens + CASE WHEN rate_per_hour IS NULL THEN 0 ELSE :letters END,
        allowance = CASE WHEN allowance + :letters <= CASE WHEN trial > 0 THEN trial ELSE {NEW_DOMAIN} END
            THEN allowance + :letters ELSE allowance END
    WHERE transport = :transport AND receiving_domain = :receiving_domain
        AND (allowance IS NOT NULL OR rate_per_hour IS NOT NULL)
    """
)
# The longer rest stays, with its cause.
_STOP = text(
    """
    UPDATE domain_pace
    SET open_until = :until, open_cause = :cause, open_reply = ''
    WHERE transport = :transport AND receiving_domain = :receiving_domain
        AND (open_until IS NULL OR open_until < :until)
    """
)
_LATER = text("SELECT now() + :seconds * interval '1 second'")
# Domains that emails can't be claimed for without a look at their rate or their rest.
_SPECIAL = text(
    f"""
    SELECT receiving_domain, open_until > now() AS rests, rate_per_hour, {_TOKENS} AS tokens
    FROM domain_pace p
    WHERE transport = :transport AND (rate_per_hour IS NOT NULL OR open_until > now())
    """
)
_LOCK_RATE = text(
    f"""
    SELECT {_TOKENS} AS tokens
    FROM domain_pace p
    WHERE transport = :transport AND receiving_domain = :receiving_domain AND rate_per_hour IS NOT NULL
        AND (open_until IS NULL OR open_until <= now())
    FOR NO KEY UPDATE
    """
)
# Letters wait for a domain that is not open, or more of them are due than its rate allows now.
_NOTE_BLOCKED = text(f"""
    UPDATE domain_pace SET blocked_at = now() WHERE (transport, receiving_domain) IN (
        SELECT p.transport, p.receiving_domain FROM domain_pace p
        WHERE coalesce(p.blocked_at < now() - interval '1 minute', true)
        AND (NOT ({_IS_OPEN}) OR p.rate_per_hour IS NOT NULL)
        AND EXISTS (
            SELECT 1 FROM letter
            WHERE letter.state IN ('queued', 'deferred')
            AND letter.transport = p.transport AND letter.receiving_domain = p.receiving_domain
            AND (NOT ({_IS_OPEN}) OR letter.due_at <= now())
            OFFSET CASE WHEN {_IS_OPEN} THEN floor({_TOKENS})::bigint ELSE 0 END
        )
        FOR NO KEY UPDATE OF p SKIP LOCKED
    )
""")
# The local mailbox takes everything from the start.
_ADD = f"""
    INSERT INTO domain_pace (transport, receiving_domain, allowance)
    SELECT transport, receiving_domain, CASE WHEN transport <> '{Transport.MAILBOX}' THEN {NEW_DOMAIN} END
    FROM ({{pairs}}) AS pair(transport, receiving_domain)
    ON CONFLICT DO NOTHING
"""
_ADD_WAITING = text(
    _ADD.format(pairs="SELECT DISTINCT transport, receiving_domain FROM letter WHERE state IN ('queued', 'deferred')")
)
_ADD_SOME = text(_ADD.format(pairs="SELECT * FROM unnest(CAST(:transports AS text[]), CAST(:domains AS text[]))"))


def find_domain(
    connection: Connection,
    transports: Sequence[Transport],
    lane: LetterState,
    *,
    dead_after_s: float = USUAL.dead_after,
) -> DomainPace | None:
    """The domain with due letters of this lane that was served least recently; waits for one that others hold."""
    values = _values(transports, dead_after_s)
    found = ask(connection, _FIND_FREE[lane], values) or ask(connection, _FIND_WAITING[lane], values)
    while found:
        domain = _domain(connection, found[0], dead_after_s)
        if domain.busy < domain.pace.usable_connections:
            return domain
        # Claims that this one waited for took the last connection: the statement sees the row, not their letters.
        found = ask(connection, _FIND_FREE[lane], values)
    return None


def _domain(connection: Connection, row: Mapping[str, Any], dead_after_s: float) -> DomainPace:
    of = Transport(row["transport"]), str(row["receiving_domain"])
    tokens = float(row["tokens_now"]) if row["rate_per_hour"] is not None else 0.0
    pace = Pace(**{one.name: row[one.name] for one in fields(Pace)} | {"tokens": tokens})
    counted = ask(connection, _COUNT_BUSY, {**_key(*of), "dead_after_s": dead_after_s})
    return DomainPace(*of, pace, busy=counted[0]["connections"])


def letters_are_due(
    connection: Connection,
    transports: Sequence[Transport],
    lane: LetterState,
    *,
    dead_after_s: float = USUAL.dead_after,
) -> bool:
    """True when a claim would find letters: the same question without taking any."""
    return bool(connection.execute(_ANY_DUE[lane], _values(transports, dead_after_s)).scalar_one())


def take_tokens(connection: Connection, domain: DomainPace, letters: int) -> None:
    """Notes that a claim took letters, in the claim's own transaction."""
    tokens = domain.pace.tokens - letters if domain.pace.rate_per_hour is not None else 1.0
    write_tokens(connection, domain.transport, domain.receiving_domain, tokens, letters=letters)


def lock_pace(connection: Connection, transport: Transport, receiving_domain: str) -> Pace | None:
    """The pace, locked until COMMIT."""
    row = connection.execute(_LOCK, _key(transport, receiving_domain)).one_or_none()
    return Pace(*row) if row else None


def write_pace(connection: Connection, transport: Transport, receiving_domain: str, pace: Pace) -> None:
    """Writes what a batch taught us; a rest that the domain has stays as it is."""
    values = {
        "connections": pace.connections,
        "seconds_per_letter": pace.seconds_per_letter,
        "failures": pace.failures,
    }
    connection.execute(_WRITE, {**_key(transport, receiving_domain), **values})


def stop_domain(
    connection: Connection, transport: Transport, receiving_domain: str, *, break_s: float, cause: Cause
) -> None:
    """Nothing goes to the domain for so many seconds at least."""
    until = connection.execute(_LATER, {"seconds": break_s}).scalar_one()
    stop_domain_until(connection, transport, receiving_domain, until, cause)


def stop_domain_until(
    connection: Connection, transport: Transport, receiving_domain: str, until: datetime, cause: Cause
) -> None:
    """Nothing goes to the domain before `until`; a longer rest stays as it is."""
    values = {**_key(transport, receiving_domain), "until": until, "cause": cause.value}
    connection.execute(_STOP, values)


@dataclass(frozen=True)
class SpecialDomain:
    """A receiving domain with a rate, or one that rests. `tokens` is 0 while it has no rate."""

    receiving_domain: str
    is_resting: bool
    tokens: float

    @property
    def has_tokens(self) -> bool:
        """May an email go there now?"""
        return not self.is_resting and self.tokens >= 1


def special_domains(connection: Connection, transport: Transport) -> list[SpecialDomain]:
    """The domains of a transport whose emails are claimed by themselves, or not at all now."""
    values = {"transport": transport.value, "burst_share": BURST_SHARE}
    return [
        SpecialDomain(row.receiving_domain, bool(row.rests), row.tokens if row.rate_per_hour is not None else 0.0)
        for row in connection.execute(_SPECIAL, values)
    ]


def lock_tokens(connection: Connection, transport: Transport, receiving_domain: str) -> float:
    """The tokens of a domain with a rate, locked until COMMIT; 0 when it rests, or has no rate any more."""
    values = {**_key(transport, receiving_domain), "burst_share": BURST_SHARE}
    return float(connection.execute(_LOCK_RATE, values).scalar_one_or_none() or 0.0)


def give_back(connection: Connection, transport: Transport, receiving_domain: str, letters: int) -> None:
    """So many letters that a claim took were not tried: others may leave instead."""
    connection.execute(_GIVE_BACK, {**_key(transport, receiving_domain), "letters": letters})


def write_tokens(
    connection: Connection, transport: Transport, receiving_domain: str, tokens: float, *, letters: int = 0
) -> None:
    """Notes how many tokens a claim left and how many letters it took, in the claim's own transaction."""
    ask(connection, _TAKE, {**_key(transport, receiving_domain), "tokens": tokens, "letters": letters})


def add_domains(connection: Connection, pairs: Sequence[tuple[str, str]] | None = None) -> None:
    """Makes rows for new (transport, domain) pairs; without pairs for whatever waits."""
    if pairs is None:
        connection.execute(_ADD_WAITING)
    elif ordered := sorted({pair for pair in pairs if pair[1]}):
        values = {"transports": [pair[0] for pair in ordered], "domains": [pair[1] for pair in ordered]}
        connection.execute(_ADD_SOME, values)


def note_blocked_domains(connection: Connection, transports: Sequence[Transport]) -> None:
    """Notes the moment for each domain whose rate or breaker, or whose way out, keeps letters from leaving now."""
    values = {"transports": [transport.value for transport in transports], "burst_share": BURST_SHARE}
    connection.execute(_NOTE_BLOCKED, values)


def _values(transports: Sequence[Transport], dead_after_s: float) -> dict[str, object]:
    return {
        "transports": [transport.value for transport in transports],
        "burst_share": BURST_SHARE,
        "dead_after_s": dead_after_s,
    }


def _key(transport: Transport, receiving_domain: str) -> dict[str, str]:
    return {"transport": transport.value, "receiving_domain": receiving_domain}
