"""Letters and emails whose time to wait is over, and holds that are about to end."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, text

from shared.db.expiry import FLOOR, HELD_SINCE, HOLD_ENDS_AT, LAST_DELIVERY
from shared.db.follow_ups import MOST_TRIES
from shared.db.organizer_emails import join_told, one_for_each_campaign
from shared.db.tables.letters import WORN_OUT
from shared.domain.causes import Cause
from shared.domain.expiry import LONGEST_WAIT, NOTICE
from shared.domain.follow_ups import HOLD_EXPIRES, HOLDS_EXPIRE, Need

_LATEST = f"CASE WHEN {LAST_DELIVERY} <= now() THEN 'infinity'::timestamptz ELSE now() END"
# Campaign by campaign along the index of `deliver_by`; what waits for its domain is passed.
_OVERDUE = f"""
    SELECT overdue.id FROM campaign
    CROSS JOIN LATERAL (
        SELECT letter.id FROM letter
        LEFT JOIN domain_pace p USING (transport, receiving_domain)
        WHERE letter.campaign_id = campaign.id AND letter.state IN ('queued', 'deferred')
        AND letter.deliver_by <= {_LATEST}
        AND ({LAST_DELIVERY} <= now() OR letter.deliver_by <= {FLOOR})
        ORDER BY letter.deliver_by LIMIT :limit
    ) AS overdue
    LIMIT :limit
"""
_WORN_OUT = f"SELECT id FROM letter WHERE {WORN_OUT} ORDER BY id LIMIT :limit"
# Only what is still as it was found: one that was queued again meanwhile has its whole time.
_EXPIRE = """
    WITH due AS (
        SELECT id, state, {cause} AS cause FROM letter
        WHERE id = ANY(ARRAY({found})) AND state IN ('queued', 'deferred') AND {still}
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), changed AS (
        UPDATE letter SET state = 'expired', state_changed_at = now(), cause = due.cause, remote_reply = ''
        FROM due WHERE letter.id = due.id
        RETURNING letter.id, submission_id, campaign_id, attempt, due.state AS state_before, letter.cause
    ), event AS (
        INSERT INTO letter_event (letter_id, from_state, to_state, attempt, cause)
        SELECT id, state_before, 'expired', attempt, cause FROM changed
    )
    SELECT id, submission_id, campaign_id, cause FROM changed
"""
_IS_OVER = f"campaign_id = ANY(ARRAY(SELECT id FROM campaign WHERE {LAST_DELIVERY} <= now()))"
_WHY_OVERDUE = f"CASE WHEN {_IS_OVER} THEN '{Cause.TOO_LATE}' ELSE '{Cause.GAVE_UP}' END"
_EXPIRE_OVERDUE = text(_EXPIRE.format(found=_OVERDUE, still=f"(deliver_by <= now() OR {_IS_OVER})", cause=_WHY_OVERDUE))
_EXPIRE_WORN_OUT = text(_EXPIRE.format(found=_WORN_OUT, still=WORN_OUT, cause=f"'{Cause.GAVE_UP}'"))
# Held letters of each campaign whose hold has ended, or ends soon, along the index of the table's order.
_HELD = f"""
    FROM campaign CROSS JOIN LATERAL (
        SELECT letter.*, {HOLD_ENDS_AT} AS ends_at FROM letter
        WHERE letter.campaign_id = campaign.id AND letter.state = 'held' AND letter.state_changed_at <= {HELD_SINCE}
    ) AS letter
"""
_OVERHELD = text(f"""
    SELECT * FROM letter WHERE id = ANY(ARRAY(SELECT letter.id {_HELD} LIMIT :limit)) AND state = 'held'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
""")
_NEAR_SINCE = "greatest(letter.state_changed_at, letter.ends_at - CAST(:ahead AS interval))"
# One email tells of all letters of a submission whose holds end within a day of each other.
_UNTOLD = text(f"""
    SELECT DISTINCT letter.campaign_id, letter.submission_id {_HELD}
    JOIN submission ON submission.id = letter.submission_id AND submission.email <> ''
    WHERE letter.ends_at > now() AND NOT EXISTS (
        SELECT 1 FROM follow_up
        WHERE follow_up.submission_id = letter.submission_id AND kind = '{HOLD_EXPIRES}'
        AND (follow_up.created_at >= {_NEAR_SINCE} - interval '1 day' OR follow_up.state IN ('queued', 'deferred'))
    )
    ORDER BY letter.submission_id LIMIT :limit
""")
# For each campaign with holds that end soon of which the organizers have not heard, a day after the last such email.
_TELL_ORGANIZERS = text(f"""
    {one_for_each_campaign(HOLDS_EXPIRE, Need.HELD_IN_CAMPAIGN)}
    {_HELD}
    {join_told(HOLDS_EXPIRE)}
    WHERE letter.ends_at > now() AND {_NEAR_SINCE} > told.at AND told.at < now() - interval '1 day'
    ORDER BY campaign.id, letter.id
    ON CONFLICT DO NOTHING
""")
_HOLDS_OF = text(f"""
    SELECT letter.submission_id, recipient_title, recipient_name, letter.district, cause, {HOLD_ENDS_AT} AS ends_at
    FROM letter JOIN campaign ON campaign.id = letter.campaign_id
    WHERE submission_id = ANY(:ids) AND letter.state = 'held' ORDER BY letter.id
""")
_ENDS_SOON = text(f"""
    SELECT letter.cause, min(letter.ends_at) AS first_ends_at, count(*) AS letters {_HELD}
    WHERE campaign.id = :campaign_id AND letter.ends_at > now()
    GROUP BY letter.cause ORDER BY letters DESC, letter.cause
""")
# Emails that could not leave for longer than anybody waits, and those that mail servers put off too often.
_EXPIRE_EMAILS = text(f"""
    UPDATE follow_up SET state = 'expired', state_changed_at = now(), cause = '{Cause.GAVE_UP}'
    WHERE id IN (
        SELECT id FROM follow_up
        WHERE state IN ('queued', 'deferred') AND (
            first_attempt_at < now() - CAST(:longest AS interval)
            OR first_attempt_at IS NULL AND due_at < now() - CAST(:longest AS interval)
            OR state = 'deferred' AND due_at <= now() AND tries >= :most_tries
        )
        LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
""")


def expire_overdue(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Letters that were tried, or could have been, for as long as they are: `expired`, with their events."""
    return connection.execute(_EXPIRE_OVERDUE, {"limit": limit}).mappings().all()


def expire_worn_out(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Letters that were put off as often as they are: the same."""
    return connection.execute(_EXPIRE_WORN_OUT, {"limit": limit}).mappings().all()


def expire_emails(connection: Connection, limit: int) -> int:
    """Emails to supporters that could not leave for `LONGEST_WAIT`, or were tried `MOST_TRIES` times; how many."""
    values = {"limit": limit, "longest": LONGEST_WAIT, "most_tries": MOST_TRIES}
    return connection.execute(_EXPIRE_EMAILS, values).rowcount


def lock_overheld(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Letters whose hold has ended, locked."""
    return connection.execute(_OVERHELD, {"limit": limit, "ahead": timedelta()}).mappings().all()


def untold_holds(connection: Connection, limit: int) -> dict[int, list[int]]:
    """Submissions, by campaign, with letters whose hold ends soon and whose supporter has not heard of it."""
    found: dict[int, list[int]] = {}
    for row in connection.execute(_UNTOLD, {"limit": limit, "ahead": NOTICE}):
        found.setdefault(row.campaign_id, []).append(row.submission_id)
    return found


def tell_organizers_of_holds(connection: Connection, recipient: str, email_hash: str) -> int:
    """An email to the organizers of each campaign with holds that end soon, one a day at most; how many."""
    values = {"recipient": recipient, "email_hash": email_hash, "ahead": NOTICE, "gather_s": 0.0}
    return connection.execute(_TELL_ORGANIZERS, values).rowcount


def holds_of_submissions(connection: Connection, submission_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """Held letters by submission: to whom, why, and when each hold ends."""
    found: dict[int, list[RowMapping]] = {number: [] for number in submission_ids}
    for row in connection.execute(_HOLDS_OF, {"ids": list(submission_ids)}).mappings():
        found[row["submission_id"]].append(row)
    return found


def holds_that_end_soon(connection: Connection, campaign_id: int) -> Sequence[RowMapping]:
    """Held letters of a campaign whose hold ends within the notice, by cause: how many, and when the first ends."""
    return connection.execute(_ENDS_SOON, {"campaign_id": campaign_id, "ahead": NOTICE}).mappings().all()
