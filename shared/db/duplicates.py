"""People who write to the same offices again: they get a link to their first letters, and pages reveal nothing."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence

from sqlalchemy import Connection, text

from shared.domain.follow_ups import ALREADY_WROTE, WITH_LINK

_HAS_LINK = (
    "EXISTS (SELECT 1 FROM follow_up mail JOIN submission own ON own.id = mail.submission_id"
    " WHERE mail.email_hash = again.email_hash AND mail.campaign_id = again.campaign_id"
    f" AND mail.is_test = again.is_test AND own.expected_letters > 0 AND mail.kind IN {WITH_LINK}"
    " AND (mail.sent_at > now() - interval '1 day'"
    " OR mail.state = 'sending' OR (mail.state IN ('queued', 'deferred') AND mail.due_at <= now())))"
)
# The first email of a submission is due an hour after it. If its address is used again, it leaves at once, while the
# owner can still take back what they did not write. One that a mail server has put off keeps its time.
_BRING_FORWARD = text(
    f"""
    UPDATE follow_up
    SET due_at = now(), is_urgent = true
    WHERE id IN (
        SELECT mail.id
        FROM submission again
        JOIN follow_up mail ON mail.email_hash = again.email_hash AND mail.campaign_id = again.campaign_id
        JOIN submission own ON own.id = mail.submission_id
        WHERE again.id = ANY(:ids) AND mail.is_test = again.is_test AND own.expected_letters > 0
            AND mail.kind IN {WITH_LINK} AND mail.state = 'queued'
            AND mail.due_at > now() AND mail.due_at < now() + interval '65 minutes'
        ORDER BY mail.id
        FOR NO KEY UPDATE OF mail SKIP LOCKED
    )
    """
)
_TELL = text(
    "INSERT INTO follow_up (submission_id, campaign_id, kind, number, recipient_email, receiving_domain, email_hash,"
    " is_test, transport, is_urgent) SELECT DISTINCT ON (written.id) written.id, written.campaign_id, :kind, again.id,"
    " written.email, split_part(written.email, '@', 2), written.email_hash, written.is_test, written.transport, true"
    " FROM submission again JOIN LATERAL (SELECT * FROM submission one WHERE one.email_hash = again.email_hash"
    " AND one.campaign_id = again.campaign_id AND one.is_test = again.is_test AND one.expected_letters > 0"
    " AND one.state <> 'withdrawn' AND one.email <> '' ORDER BY one.id DESC LIMIT 1) AS written ON true"
    f" WHERE again.id = ANY(:ids) AND NOT {_HAS_LINK} ORDER BY written.id, again.id ON CONFLICT DO NOTHING"
)


def tell_of_letters(connection: Connection, submission_ids: Sequence[int]) -> bool:
    """An email, due now, to each person who has written to these submissions' offices before; True when there is any.

    The receipt that waits for its hour leaves instead, and a person who got such a link within a day gets none.
    """
    if not submission_ids:
        return False
    ids = list(submission_ids)
    brought = connection.execute(_BRING_FORWARD, {"ids": ids}).rowcount
    return connection.execute(_TELL, {"ids": ids, "kind": ALREADY_WROTE}).rowcount + brought > 0
