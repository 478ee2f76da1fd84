"""Claims: due rows become one worker's under a lease, and the batch's outcomes go back in one statement each.

Letters and follow-ups are claimed and recorded in the same way. Every write is fenced by the attempt: a row that
somebody else has moved on stays as it is.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, text

from shared.db.campaigns import SENDABLE
from shared.db.driver import Row, ask, spell
from shared.db.expiry import GIVE_UP, LONGEST, NOT_OVER
from shared.db.mailbox_pace import COUNT_TAKEN, FREE_AT, IS_COUNTED, ROOM
from shared.db.office_letters import IS_FOR_TODAY
from shared.db.pace import DUE, LANES, DomainPace
from shared.domain.causes import Cause
from shared.domain.states import LETTER_ARROWS, LetterState


class Kind(StrEnum):
    """What is claimed: the name of its table."""

    LETTER = "letter"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True)
class Result:
    """What an attempt came to. `due_in_s` for rows that wait again; `tried` when a mail server was asked."""

    id: int
    attempt: int
    state: LetterState
    cause: Cause = Cause.NONE
    reply: str = ""
    relay_id: str = ""
    due_in_s: float = 0.0
    tried: bool = True
    crashed: bool = False


# Round-robin over campaigns: each one's oldest, then each one's next.
_CANDIDATES = (
    "SELECT due.id, due.crash_count FROM campaign CROSS JOIN LATERAL (SELECT letter.id, letter.crash_count,"
    " letter.due_at, row_number() OVER (ORDER BY letter.due_at, letter.id) AS turn FROM letter,"
    " (SELECT CAST(:transport AS text) AS transport, CAST(:receiving_domain AS text) AS receiving_domain,"
    " (SELECT blocked_at FROM domain_pace WHERE domain_pace.transport = :transport"
    " AND domain_pace.receiving_domain = :receiving_domain)) AS p"
    f" WHERE {DUE} ORDER BY letter.due_at, letter.id LIMIT :limit) AS due"
    f" WHERE {SENDABLE.format(transport=':transport')} AND {NOT_OVER} ORDER BY due.turn, due.due_at LIMIT :limit"
)
_CANDIDATES_OF = {lane: spell(text(_CANDIDATES.format(lane=lane.value))) for lane in LANES}
LEASE = (
    " SET state = 'sending', state_changed_at = now(), attempt = {table}.attempt + 1, worker = :worker,"
    " lease_until = now() + :lease_s * interval '1 second'"
)
_STALE = text(
    "SELECT id FROM letter WHERE id = ANY(:ids) AND state IN ('queued', 'deferred')"
    f" AND NOT ({IS_FOR_TODAY}) ORDER BY id"
)
# No letter leaves for a former office holder, whichever way it became due. What a mailbox may not get within this hour
# is due in the next one, and has that much longer.
_CLAIM_LETTERS = spell(
    text(
        f"""
        WITH due AS (
            SELECT id, state, due_at, lower(recipient_email) AS mailbox
            FROM letter
            WHERE id = ANY(:ids) AND state IN ('queued', 'deferred') AND {IS_FOR_TODAY}
            ORDER BY id
            FOR NO KEY UPDATE SKIP LOCKED
        ),
        batch AS (
            SELECT due.id, due.state, due.mailbox, {FREE_AT} AS free_at,
                row_number() OVER (PARTITION BY due.mailbox ORDER BY due.due_at, due.id) <= {ROOM} AS has_room
            FROM due
            LEFT JOIN mailbox_pace ON mailbox_pace.mailbox = due.mailbox AND {IS_COUNTED}
        ),
        waits AS (
            UPDATE letter
            SET due_at = batch.free_at, deliver_by = greatest(
                letter.deliver_by, least(batch.free_at + {GIVE_UP}, letter.created_at + {LONGEST})
            )
            FROM batch
            WHERE letter.id = batch.id AND NOT batch.has_room
        ),
        counted AS (
            {COUNT_TAKEN}
        ),
        claimed AS (
            UPDATE letter {LEASE.format(table="letter")}
            FROM batch
            WHERE letter.id = batch.id AND batch.has_room
            RETURNING letter.*, batch.state AS state_before
        ),
        event AS (
            INSERT INTO letter_event (letter_id, from_state, to_state, attempt)
            SELECT id, state_before, state, attempt FROM claimed
        )
        SELECT * FROM claimed ORDER BY due_at, id
        """
    )
)
_WAITING = text("SELECT EXISTS (SELECT 1 FROM letter WHERE id = ANY(:ids) AND due_at > now())")
_ARROWS = ", ".join(f"('{old}', '{new}')" for old, following in LETTER_ARROWS.items() for new in sorted(following))
# Only what is still this attempt's: in its hands, or given up as uncertain while it slept. After a restore another row
# may have the number and the attempt, but not the worker.
_HELD = (
    "WITH result AS (SELECT * FROM unnest(CAST(:id AS bigint[]), CAST(:attempt AS int[]), CAST(:state AS text[]),"
    " CAST(:cause AS text[]), CAST(:reply AS text[]), CAST(:due_in_s AS float8[]), CAST(:tried AS bool[]),"
    " CAST(:crashed AS bool[]), CAST(:relay_id AS text[])) AS result(id, attempt, state, cause, reply, due_in_s, tried,"
    " crashed, relay_id)),"
    f" arrow(old, new) AS (VALUES {_ARROWS}),"
    " held AS (SELECT row.id, row.state AS old FROM {table} row JOIN result USING (id)"
    " JOIN arrow ON arrow.old = row.state AND arrow.new = result.state"
    " WHERE row.attempt = result.attempt AND row.state IN ('sending', 'uncertain')"
    " AND (CAST(:worker AS text) = '' OR row.worker = :worker)"
    " ORDER BY row.id FOR NO KEY UPDATE OF row),"
    " changed AS (UPDATE {table} row SET state = result.state, state_changed_at = now(), cause = result.cause,"
    " remote_reply = result.reply, relay_id = result.relay_id, lease_until = NULL, worker = '',"
    " tries = row.tries + result.tried::int,"
    " crash_count = row.crash_count + result.crashed::int,"
    " due_at = CASE WHEN result.state IN ('queued', 'deferred') THEN now() + result.due_in_s * interval '1 second'"
    " ELSE row.due_at END, sent_at = CASE WHEN result.state = 'sent' THEN now() ELSE row.sent_at END"
    " FROM result, held WHERE row.id = result.id AND held.id = row.id"
    " RETURNING row.id, row.submission_id, row.campaign_id, row.attempt, row.state, row.cause, row.remote_reply,"
    " row.transport, row.is_test, row.recipient_email, row.receiving_domain, held.old)"
)
_RECORD = {
    Kind.LETTER: text(
        _HELD.format(table="letter") + ", event AS (INSERT INTO letter_event (letter_id, from_state, to_state,"
        " attempt, cause, remote_reply) SELECT id, old, state, attempt, cause, remote_reply FROM changed)"
        " SELECT * FROM changed"
    ),
    Kind.FOLLOW_UP: text(_HELD.format(table="follow_up") + " SELECT * FROM changed"),
}
# Given up as uncertain while the worker slept, and just as uncertain now that it is awake.
_LET_GO = {
    kind: text(
        f"UPDATE {kind.value} SET worker = '' FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[]))"
        f" AS result(id, attempt) WHERE {kind.value}.id = result.id AND {kind.value}.attempt = result.attempt"
        f" AND state = 'uncertain' AND (CAST(:worker AS text) = '' OR worker = :worker)"
    )
    for kind in Kind
}
_HELD_BY = {
    kind: text(
        f"SELECT id, attempt, tries, crash_count, worker FROM {kind.value} WHERE worker = ANY(:workers)"
        " AND state IN ('sending', 'uncertain')"
    )
    for kind in Kind
}
_ATTEMPTS_OF = {kind: text(f"SELECT id, attempt FROM {kind.value} WHERE id = ANY(:ids)") for kind in Kind}
_NEWEST = {kind: text(f"SELECT last_value FROM {kind.value}_id_seq") for kind in Kind}


def claim_letters(
    connection: Connection,
    domain: DomainPace,
    lane: LetterState,
    *,
    worker: str,
    lease_s: float,
    limit: int,
    per_mailbox: int | None = None,
) -> Sequence[Row] | None:
    """Takes due letters of one domain, whose pace row the caller holds. A letter that crashed a worker comes alone.

    Leaves out letters whose office has another holder today; `stale_letters` finds them. Of one mailbox's letters it
    takes `per_mailbox` within an hour, which None leaves uncounted, and puts off the others; None when that was all.
    """
    where = {"transport": domain.transport.value, "receiving_domain": domain.receiving_domain}
    found = ask(connection, _CANDIDATES_OF[lane], {**where, "limit": limit})
    suspects = [row["id"] for row in found if row["crash_count"]]
    ids = suspects[:1] or [row["id"] for row in found]
    if not ids:
        return []
    values = {"ids": ids, "worker": worker, "lease_s": lease_s, "most": per_mailbox}
    rows = ask(connection, _CLAIM_LETTERS, values)
    return rows or (None if connection.scalar(_WAITING, {"ids": ids}) else [])


def stale_letters(connection: Connection, domain: DomainPace, lane: LetterState, limit: int) -> tuple[int, ...]:
    """Due letters of the domain that no claim takes, because their office has another holder today."""
    where = {"transport": domain.transport.value, "receiving_domain": domain.receiving_domain}
    found = ask(connection, _CANDIDATES_OF[lane], {**where, "limit": limit})
    return tuple(connection.execute(_STALE, {"ids": [row["id"] for row in found]}).scalars())


def record_results(
    connection: Connection, kind: Kind, results: Sequence[Result], *, worker: str = ""
) -> list[RowMapping]:
    """Writes what became of a batch, with an event for each letter; returns the rows that were still this attempt's.

    They come in the order of `results`. `worker` is who claimed them; empty for rows that the caller has read as held
    by the worker that it speaks for.
    From here on, no row belongs to its worker anymore: a journal without a word on it proves nothing.
    """
    if not results:
        return []
    columns: Mapping[str, list[object]] = {
        "id": [one.id for one in results],
        "attempt": [one.attempt for one in results],
        "state": [one.state.value for one in results],
        "cause": [one.cause.value for one in results],
        "reply": [one.reply for one in results],
        "due_in_s": [one.due_in_s for one in results],
        "tried": [one.tried for one in results],
        "crashed": [one.crashed for one in results],
        "relay_id": [one.relay_id for one in results],
    }
    values: dict[str, object] = {**columns, "worker": worker}
    order = {one.id: place for place, one in enumerate(results)}
    changed = sorted(connection.execute(_RECORD[kind], values).mappings(), key=lambda row: order[row["id"]])
    known = {row["id"] for row in changed}
    if others := [one for one in results if one.id not in known]:
        unknown = {"ids": [one.id for one in others], "attempts": [one.attempt for one in others], "worker": worker}
        connection.execute(_LET_GO[kind], unknown)
    return changed


def held_by(connection: Connection, kind: Kind, workers: Sequence[str]) -> list[RowMapping]:
    """What these workers have claimed and not recorded."""
    return list(connection.execute(_HELD_BY[kind], {"workers": list(workers)}).mappings())


def attempts_of(connection: Connection, kind: Kind, ids: Sequence[int]) -> tuple[dict[int, int], int]:
    """The attempts that the database knows of, by row, and the largest number it has ever given to a row."""
    known = {row.id: row.attempt for row in connection.execute(_ATTEMPTS_OF[kind], {"ids": list(ids)})}
    return known, int(connection.execute(_NEWEST[kind]).scalar_one())
