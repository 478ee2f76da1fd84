"""Receiving domains that refuse everything while a campaign's letters wait for them, as organizers are told."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from shared.db.organizer_emails import join_told, one_for_each_campaign
from shared.domain.follow_ups import DOMAIN_REFUSES, Need

# Held, or on trial since: a release and the last trial that succeeds end both.
IS_REFUSING = "domain_pace.trial > 0"
# Along the index of what waits.
WAITS_FOR_IT = """
    letter.state IN ('queued', 'deferred') AND letter.transport = domain_pace.transport
    AND letter.receiving_domain = domain_pace.receiving_domain
"""
# For each campaign whose letters wait for a domain that was held since its organizers were told last, a day ago or
# longer. Test letters stand for the campaign only when no others wait.
_TELL_ORGANIZERS = text(
    f"""
    {one_for_each_campaign(DOMAIN_REFUSES, Need.DOMAIN_REFUSES)}
    FROM domain_pace
    CROSS JOIN campaign
    CROSS JOIN LATERAL (
        (SELECT * FROM letter WHERE {WAITS_FOR_IT} AND letter.campaign_id = campaign.id AND NOT is_test LIMIT 1)
        UNION ALL
        (SELECT * FROM letter WHERE {WAITS_FOR_IT} AND letter.campaign_id = campaign.id LIMIT 1)
        LIMIT 1
    ) AS letter
    {join_told(DOMAIN_REFUSES)}
    WHERE {IS_REFUSING} AND domain_pace.held_at > told.at AND told.at < now() - interval '1 day'
    ORDER BY campaign.id, letter.is_test, letter.id
    ON CONFLICT DO NOTHING
    """
)
_REFUSING = text(
    f"""
    SELECT receiving_domain, trial, open_reply, CASE WHEN open_until > now() THEN open_until END AS open_until,
        waiting.letters
    FROM domain_pace
    CROSS JOIN LATERAL (
        SELECT count(*) AS letters
        FROM letter
        WHERE {WAITS_FOR_IT} AND letter.campaign_id = :campaign_id
    ) AS waiting
    WHERE {IS_REFUSING} AND waiting.letters > 0
    ORDER BY waiting.letters DESC, receiving_domain, transport
    """
)


def tell_organizers(connection: Connection, recipient: str, email_hash: str, gather_s: float) -> int:
    """Tells organizers about domains that refuse everything, in one email for each campaign; how many emails."""
    values = {"recipient": recipient, "email_hash": email_hash, "gather_s": gather_s}
    return connection.execute(_TELL_ORGANIZERS, values).rowcount


def read_refusing(connection: Connection, campaign_id: int) -> Sequence[RowMapping]:
    """The domains that refuse everything and that letters of the campaign wait for, most letters first."""
    return connection.execute(_REFUSING, {"campaign_id": campaign_id}).mappings().all()
