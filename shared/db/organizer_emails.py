"""Emails to the organizers about a campaign as a whole: what the statements that insert them share. SQL only."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from shared.domain.causes import Cause
from shared.domain.follow_ups import Need

# The organizers got it, or will: it was neither erased with the person whose letter it was written for, nor dropped.
_WAS_TOLD = f"NOT (follow_up.state = 'cancelled' AND (recipient_email = '' OR cause = '{Cause.NOT_NEEDED}'))"


def one_for_each_campaign(kind: str, need: Need) -> str:
    """Begins a statement that goes on with FROM; the email belongs to the first `letter` of its `campaign`."""
    return f"""
    INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email, receiving_domain,
        email_hash, is_test, transport, due_at)
    SELECT DISTINCT ON (campaign.id) letter.submission_id, campaign.id, '{kind}',
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint, '{{{need}}}', :recipient,
        split_part(:recipient, '@', 2), :email_hash, letter.is_test, letter.transport,
        now() + :gather_s * interval '1 second'
    """


def join_told(kind: str) -> str:
    """Joins `told.at`: when the organizers of `campaign` were last told of the same."""
    return f"""
    CROSS JOIN LATERAL (
        SELECT coalesce(max(created_at), '-infinity') AS at
        FROM follow_up
        WHERE email_hash = :email_hash AND follow_up.campaign_id = campaign.id AND kind = '{kind}' AND {_WAS_TOLD}
    ) AS told
    """
