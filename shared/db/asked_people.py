"""People who pressed Send and are asked about their address: who they are, and who may get the link by email now."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from shared.db.tables.letters import UNATTENDED

# As the usual sequence: the question, and one reminder.
MOST_EMAILS = 2
# Judged and written to at a time.
MOST = 5_000
_ASKED = "campaign_id = :campaign_id AND state = 'needs_address' AND accepted_at IS NOT NULL"
_PAGE = text(
    "SELECT id, first_name, last_name, email, street, unit, city, zip, us_state, lookup_status, suggestions,"
    " accepted_at, (SELECT max(sent_at) FROM follow_up WHERE submission_id = submission.id AND kind = 'fix_address')"
    f" AS emailed_at FROM submission WHERE {_ASKED} AND id > :after ORDER BY id LIMIT :limit"
)
# Nobody gets more of these than the sequence has, two within a day, or any against their will.
_JUDGED = (
    "WITH asked AS (SELECT id, email, email_hash, campaign_id, erase_requested_at FROM submission"
    f" WHERE {_ASKED} ORDER BY id LIMIT :most), judged AS (SELECT asked.id, mails.waiting, CASE"
    " WHEN asked.email = '' OR asked.erase_requested_at IS NOT NULL THEN 'erased'"
    " WHEN EXISTS (SELECT 1 FROM suppression WHERE suppression.email_hash = asked.email_hash"
    " AND (suppression.campaign_id IS NULL OR suppression.campaign_id = asked.campaign_id)) THEN 'unwanted'"
    " WHEN mails.coming THEN 'coming' WHEN mails.gone >= :most_emails THEN 'twice'"
    " WHEN mails.last > now() - interval '1 day' THEN 'today' ELSE 'can' END AS verdict"
    " FROM asked CROSS JOIN LATERAL (SELECT"
    " count(*) FILTER (WHERE state NOT IN ('queued', 'deferred', 'cancelled')) AS gone,"
    " max(sent_at) AS last, max(id) FILTER (WHERE state IN ('queued', 'deferred')) AS waiting,"
    " coalesce(bool_or(state = 'sending' OR (state IN ('queued', 'deferred') AND due_at <= now())), false) AS coming"
    " FROM follow_up WHERE submission_id = asked.id AND kind = 'fix_address') AS mails)"
)
_COUNT = text(f"{_JUDGED} SELECT verdict, count(*) FROM judged GROUP BY verdict")
_WRITE = text(
    f"{_JUDGED}, hurried AS (UPDATE follow_up SET due_at = now() FROM judged"
    " WHERE verdict = 'can' AND follow_up.id = judged.waiting RETURNING follow_up.id),"
    " added AS (INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email,"
    " receiving_domain, email_hash, is_test, transport) SELECT s.id, s.campaign_id, 'fix_address',"
    " coalesce((SELECT max(number) + 1 FROM follow_up WHERE submission_id = s.id AND kind = 'fix_address'), 0),"
    " '{doubtful}', s.email, split_part(s.email, '@', 2), s.email_hash, s.is_test, s.transport"
    " FROM judged JOIN submission s ON s.id = judged.id WHERE verdict = 'can' AND judged.waiting IS NULL"
    " ON CONFLICT DO NOTHING RETURNING id)"
    " SELECT (SELECT count(*) FROM hurried) + (SELECT count(*) FROM added)"
)
# A question that is asked anew, after another address, is a new one.
_SETTLE = text(
    f"""
    UPDATE submission
    SET attended_at = now()
    WHERE {_ASKED}
        AND {UNATTENDED}
    """
)
_UNSETTLE = text(f"UPDATE submission SET attended_at = NULL WHERE {_ASKED} AND NOT {UNATTENDED}")
_SETTLED = text(f"SELECT count(*) FROM submission WHERE {_ASKED} AND NOT {UNATTENDED}")
_COPY = text(
    """
    INSERT INTO submission (
        token, campaign_id, edition_id, first_name, last_name, email, email_hash, street, unit, city, zip, us_state,
        own_words, edited_subject, edited_body, language, source, accepted_at, leaves_at, is_test, transport, created_at
    )
    SELECT
        :token, campaign_id, edition_id, first_name, last_name, email, email_hash, :street, :unit, :city, :zip,
        :us_state, own_words, edited_subject, edited_body, language, source, accepted_at, accepted_at, is_test,
        transport, created_at
    FROM submission
    WHERE id = :id
    """
)


def read_asked(connection: Connection, campaign_id: int, after: int, limit: int) -> Sequence[RowMapping]:
    """The next of them, in the order in which they came."""
    values = {"campaign_id": campaign_id, "after": after, "limit": limit}
    return connection.execute(_PAGE, values).mappings().all()


def judge(connection: Connection, campaign_id: int) -> dict[str, int]:
    """How many may get the link now (`can`), and how many not, by the reason."""
    return {verdict: people for verdict, people in connection.execute(_COUNT, _values(campaign_id))}  # noqa: C416 - typed


def plan_links(connection: Connection, campaign_id: int) -> int:
    """The link, due now, to whoever may get it; to how many."""
    return int(connection.execute(_WRITE, _values(campaign_id)).scalar_one())


def settle(connection: Connection, campaign_id: int, *, attended: bool) -> int:
    """An organizer has dealt with all questions that are open now, or takes that back; how many changed."""
    return connection.execute(_SETTLE if attended else _UNSETTLE, {"campaign_id": campaign_id}).rowcount


def count_settled(connection: Connection, campaign_id: int) -> int:
    """Open questions that an organizer has dealt with."""
    return int(connection.execute(_SETTLED, {"campaign_id": campaign_id}).scalar_one())


def copy_with_address(connection: Connection, submission_id: int, token: str, address: dict[str, str]) -> None:
    """The same person's same Send once more, from another address, to be looked up; its letters leave when made."""
    connection.execute(_COPY, {**address, "id": submission_id, "token": token})


def _values(campaign_id: int) -> dict[str, int]:
    return {"campaign_id": campaign_id, "most": MOST, "most_emails": MOST_EMAILS}
