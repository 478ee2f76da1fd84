"""Reads and writes submissions. The only writer of `submission.state`."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from shared.db.driver import Spelled, ask, spell
from shared.db.expiry import BLOCKED_ALL_AT, LAST_DELIVERY
from shared.db.invitations import is_invited
from shared.db.tables import campaign, follow_up, letter, submission
from shared.domain.backoff import LOOKUP_SCHEDULE_S
from shared.domain.campaigns import StoredCampaign
from shared.domain.expiry import GIVE_UP_AFTER
from shared.domain.places import LookupResult, Match
from shared.domain.states import LOOKUP_WAITING, CampaignState, SubmissionState, check_submission_arrow

# How long a prepared draft waits for its person.
INVITED_LIFETIME = timedelta(days=90)
# How long letters that could not be made wait for the next try.
LETTERS_AGAIN_AFTER = timedelta(minutes=5)
# Five minutes, ten ... at most a day.
_DOUBLED_AT_MOST = 8
# A second failure is no accident.
_STUCK_AFTER = 2
# How long a question about the address stays open, or letters are still made, in a campaign without an end.
ANSWER_WITHIN = timedelta(days=14)
_UNLEASED = or_(submission.c.lease_until.is_(None), submission.c.lease_until < func.now())
_LOOKUP_DUE = and_(submission.c.state.in_(sorted(LOOKUP_WAITING)), submission.c.due_at <= func.now(), _UNLEASED)
# The first three conditions are those of the index ix_submission_letters_due.
_LETTERLESS = and_(
    submission.c.state == SubmissionState.READY.value,
    submission.c.accepted_at.is_not(None),
    submission.c.expected_letters.is_(None),
    _UNLEASED,
)

_TYPED = (
    "token",
    "first_name",
    "last_name",
    "email",
    "email_hash",
    "street",
    "unit",
    "city",
    "zip",
    "us_state",
    "source",
    "language",
)
_INSERT = Spelled(
    f"INSERT INTO submission (campaign_id, edition_id, {', '.join(_TYPED)})"
    f" SELECT id, edition_id, {', '.join(f'%({name})s::text' for name in _TYPED)} FROM campaign"
    " WHERE id = %(campaign_id)s AND updated_at = %(campaign_updated_at)s RETURNING id"
)
_LEAVES_AT = "CASE WHEN leaves_at <= now() THEN now() + (leaves_at - accepted_at) ELSE leaves_at END"
_MATCHED = text(
    "WITH answer AS (SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[]), CAST(:reasons AS text[]),"
    " CAST(:suggestions AS jsonb[]), CAST(:types AS text[]), CAST(:sources AS text[]), CAST(:precision_m AS float8[]),"
    " CAST(:edge_m AS float8[]), CAST(:lat AS float8[]), CAST(:lon AS float8[]))"
    " AS answer(id, attempt, reason, suggestions, type, source, precision_m, edge_m, lat, lon)),"
    " held AS (SELECT submission.id FROM submission JOIN answer USING (id) WHERE submission.state = 'looking_up'"
    " AND lookup_attempt = answer.attempt ORDER BY submission.id FOR NO KEY UPDATE OF submission)"
    " UPDATE submission SET state = 'ready', state_changed_at = now(), lease_until = NULL, lookup_status = 'matched',"
    f" leaves_at = {_LEAVES_AT}, lookup_reason = answer.reason, suggestions = answer.suggestions,"
    " match_type = answer.type, match_source = answer.source, precision_m = answer.precision_m,"
    " edge_m = answer.edge_m, lat = answer.lat, lon = answer.lon FROM answer, held"
    " WHERE answer.id = submission.id AND held.id = submission.id RETURNING submission.id"
)
_WRITE_EXPECTED = text(
    "UPDATE submission SET expected_letters = made.count FROM unnest(CAST(:ids AS bigint[]), CAST(:counts AS int[]))"
    " AS made(id, count) WHERE submission.id = made.id"
)

# Each arm of it by an index of its own. Time in which nothing ran does not count.
_UNFINISHED = text(f"""
    SELECT submission.* FROM (
        SELECT id FROM submission WHERE state = 'needs_address' AND accepted_at IS NOT NULL
        UNION ALL
        SELECT id FROM submission WHERE state IN ('draft', 'looking_up') AND accepted_at IS NOT NULL
        UNION ALL
        SELECT id FROM submission WHERE state = 'ready' AND accepted_at IS NOT NULL AND expected_letters IS NULL
    ) AS unfinished
    JOIN submission USING (id)
    JOIN campaign ON campaign.id = submission.campaign_id
    WHERE submission.state IN ('needs_address', 'draft', 'looking_up', 'ready') AND expected_letters IS NULL
    AND submission.id <> ALL(:but)
    AND coalesce({LAST_DELIVERY}, greatest(
        submission.accepted_at + CAST(:within AS interval),
        CASE WHEN submission.state = 'needs_address' THEN submission.state_changed_at + CAST(:within AS interval) END,
        {BLOCKED_ALL_AT} + CAST(:again AS interval)
    )) < now()
    ORDER BY submission.id LIMIT :limit FOR NO KEY UPDATE OF submission SKIP LOCKED
""")
_OF_IDS = text(
    "SELECT id, token, first_name, email, language, accepted_at, leaves_at, lookup_status FROM submission"
    " WHERE id = ANY(:ids)"
)
_STUCK = text(
    """
    SELECT (
        SELECT count(*)
        FROM submission
        WHERE state = 'ready'
            AND accepted_at IS NOT NULL
            AND expected_letters IS NULL
            AND letter_failures >= :failures
    ) + (
        SELECT count(*)
        FROM submission
        WHERE state IN ('draft', 'looking_up')
            AND accepted_at IS NOT NULL
            AND lookup_attempt > :lookups
    )
    """
)
_FIND = (
    select(submission, campaign.c.updated_at.label("campaign_updated_at"))
    .join(campaign, campaign.c.id == submission.c.campaign_id)
    .where(submission.c.token == bindparam("wanted"))
)
_FIND_LOCKED = _FIND.with_for_update(key_share=True, of=submission)
_FIND_QUICKLY = spell(_FIND)


def insert_submission(connection: Connection, stored: StoredCampaign, values: Mapping[str, Any]) -> bool:
    """A new draft whose lookup is due at once; False when the campaign is no longer as it was read."""
    where = {"campaign_id": stored.id, "campaign_updated_at": stored.updated_at}
    return bool(ask(connection, _INSERT, {**values, **where}))


def find_submission(connection: Connection, token: str) -> Mapping[str, Any] | None:
    """The whole row and its campaign's `campaign_updated_at`."""
    rows = ask(connection, _FIND_QUICKLY, {"wanted": token})
    return rows[0] if rows else None


def lock_submission(connection: Connection, token: str) -> RowMapping | None:
    """The same, locked until COMMIT."""
    return connection.execute(_FIND_LOCKED, {"wanted": token}).mappings().one_or_none()


def find_of_campaign(
    connection: Connection, campaign_id: int, submission_id: int, *, lock: bool = False
) -> RowMapping | None:
    """The whole row, if it is of this campaign; locked until COMMIT when asked."""
    query = select(submission).where(submission.c.id == submission_id, submission.c.campaign_id == campaign_id)
    return connection.execute(query.with_for_update(key_share=True) if lock else query).mappings().one_or_none()


def update_submission(connection: Connection, submission_id: int, values: Mapping[str, Any]) -> None:
    """Writes columns other than the state."""
    connection.execute(update(submission).where(submission.c.id == submission_id).values(dict(values)))


def change_submission(
    connection: Connection, row: RowMapping, state: SubmissionState, values: Mapping[str, Any] | None = None
) -> None:
    """Moves a locked submission to `state`; raises IllegalTransition where the table has no arrow."""
    check_submission_arrow(SubmissionState(row["state"]), state)
    update_submission(connection, row["id"], {**(values or {}), "state": state.value, "state_changed_at": func.now()})


def make_ready(connection: Connection, row: RowMapping, values: Mapping[str, Any]) -> None:
    """The districts are known. Time for undo that ran out over a question begins again, so that it can be used."""
    change_submission(connection, row, SubmissionState.READY, {**values, "leaves_at": literal_column(_LEAVES_AT)})


def claim_lookups(connection: Connection, limit: int, lease: timedelta) -> list[RowMapping]:
    """Takes due submissions under a lease, oldest first; `lookup_attempt` fences the answer."""
    due = (
        select(submission.c.id)
        .where(_LOOKUP_DUE)
        .order_by(submission.c.due_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    statement = (
        update(submission)
        .where(submission.c.id.in_(due.scalar_subquery()), submission.c.campaign_id == campaign.c.id)
        .values(
            state=SubmissionState.LOOKING_UP.value,
            state_changed_at=func.now(),
            lookup_attempt=submission.c.lookup_attempt + 1,
            lease_until=func.now() + lease,
        )
        .returning(submission, campaign.c.jurisdiction, campaign.c.chambers)
    )
    return list(connection.execute(statement).mappings())


def lock_claimed(connection: Connection, submission_id: int, attempt: int) -> RowMapping | None:
    """The row if this lookup attempt still holds it, locked; None when somebody else has moved it on."""
    query = select(submission).where(
        submission.c.id == submission_id,
        submission.c.lookup_attempt == attempt,
        submission.c.state == SubmissionState.LOOKING_UP.value,
    )
    return connection.execute(query.with_for_update(key_share=True)).mappings().one_or_none()


def record_matches(connection: Connection, answers: Sequence[tuple[int, int, LookupResult]]) -> list[int]:
    """Makes submissions ready whose districts are known: (id, lookup attempt, a result with match and offices) each.

    Returns the ids of those that were still this attempt's; the others stay as they are.
    """
    check_submission_arrow(SubmissionState.LOOKING_UP, SubmissionState.READY)
    results = {number: result for number, _, result in answers}
    matches = [result.match for result in results.values()]
    values = {
        "ids": list(results),
        "attempts": [attempt for _, attempt, _ in answers],
        "reasons": [result.reason for result in results.values()],
        "suggestions": [json.dumps(result.suggestions) for result in results.values()],
        "types": [match.type.value if match else None for match in matches],
        "sources": [match.source if match else "" for match in matches],
        **{name: [_number(match, name) for match in matches] for name in ("precision_m", "edge_m", "lat", "lon")},
    }
    return list(connection.execute(_MATCHED, values).scalars())


def write_expected_letters(connection: Connection, made: Mapping[int, int]) -> None:
    """How many letters each submission has got; none of them gets any more."""
    values = {"ids": list(made), "counts": list(made.values())}
    connection.execute(_WRITE_EXPECTED, values)


def lock_letterless(connection: Connection, limit: int) -> list[RowMapping]:
    """Accepted submissions whose districts are known and whose letters don't exist yet, locked."""
    query = select(submission).where(_LETTERLESS).order_by(submission.c.id).limit(limit)
    return list(connection.execute(query.with_for_update(key_share=True, skip_locked=True)).mappings())


def lock_unfinished(connection: Connection, limit: int, but: Collection[int] = ()) -> list[RowMapping]:
    """Accepted submissions that got no letters until the last day for them, locked; without those numbered `but`.

    Their question stayed open, or no lookup, or nobody who makes letters, came to an end.
    """
    values = {"within": ANSWER_WITHIN, "again": GIVE_UP_AFTER, "limit": limit, "but": list(but)}
    return list(connection.execute(_UNFINISHED, values).mappings())


def put_off_letters(connection: Connection, submission_id: int) -> None:
    """Their making failed: others go first, and these are tried again after a while, each time after twice as long."""
    doubled = func.power(2, func.least(submission.c.letter_failures, _DOUBLED_AT_MOST))
    values = {
        "lease_until": func.now() + LETTERS_AGAIN_AFTER * doubled,
        "letter_failures": submission.c.letter_failures + 1,
    }
    update_submission(connection, submission_id, values)


def count_stuck(connection: Connection) -> int:
    """Accepted submissions whose lookup or whose letters failed again and again."""
    values = {"lookups": len(LOOKUP_SCHEDULE_S), "failures": _STUCK_AFTER}
    return int(connection.execute(_STUCK, values).scalar_one())


def lookups_are_due(connection: Connection) -> bool:
    """True when a sweep should ring for lookups."""
    return bool(connection.execute(select(select(submission.c.id).where(_LOOKUP_DUE).exists())).scalar_one())


def letters_are_due(connection: Connection) -> bool:
    """True when a sweep should ring for letters to be made."""
    return bool(connection.execute(select(select(submission.c.id).where(_LETTERLESS).exists())).scalar_one())


def delete_old_drafts(connection: Connection, older_than: timedelta) -> int:
    """Drafts that were never sent are gone after a day; they were never counted.

    Those that organizers prepared stay until their campaign has ended, or nobody came for long.
    """
    ended = select(campaign.c.id).where(campaign.c.state.in_([CampaignState.CLOSED.value, CampaignState.WON.value]))
    is_over = or_(
        ~is_invited(), submission.c.campaign_id.in_(ended), submission.c.created_at < func.now() - INVITED_LIFETIME
    )
    old = and_(submission.c.accepted_at.is_(None), submission.c.created_at < func.now() - older_than, is_over)
    unused = and_(
        ~select(letter.c.id).where(letter.c.submission_id == submission.c.id).exists(),
        ~select(follow_up.c.id).where(follow_up.c.submission_id == submission.c.id).exists(),
    )
    return connection.execute(delete(submission).where(old, unused)).rowcount


def read_by_id(connection: Connection, submission_id: int) -> RowMapping:
    """The whole row; it must exist."""
    return connection.execute(select(submission).where(submission.c.id == submission_id)).mappings().one()


def read_by_ids(connection: Connection, ids: Sequence[int]) -> dict[int, RowMapping]:
    """What emails to supporters say of their submissions, by id."""
    return {row["id"]: row for row in connection.execute(_OF_IDS, {"ids": list(ids)}).mappings()}


def _number(match: Match | None, name: str) -> float | None:
    """The driver takes lists of one type only."""
    value = getattr(match, name, None)
    return None if value is None else float(value)
