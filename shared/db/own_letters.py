"""What one person has written, as far as one browser may know: its own tokens say which."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

# Of one email address. What was taken back, and what made no letters, is nothing to come back to.
_SENT = text(
    "SELECT s.token, s.accepted_at FROM submission s JOIN campaign ON campaign.id = s.campaign_id"
    " WHERE s.token = ANY(:tokens) AND campaign.slug = :slug AND s.email_hash = :email_hash"
    " AND s.accepted_at IS NOT NULL AND s.state <> 'withdrawn' AND coalesce(s.expected_letters, 1) > 0"
    " AND s.erase_requested_at IS NULL AND s.trimmed_at IS NULL AND s.scrubbed_at IS NULL ORDER BY s.accepted_at DESC"
)
_OF_PERSON = text(
    "SELECT token FROM submission WHERE token = ANY(:tokens) AND scrubbed_at IS NULL"
    " AND email_hash = (SELECT email_hash FROM submission WHERE token = :token)"
)


def sent_by(connection: Connection, tokens: Sequence[str], slug: str, email_hash: str) -> list[RowMapping]:
    """Token and time of what this person sent in the campaign, newest first; of these submissions only."""
    values = {"tokens": list(tokens), "slug": slug, "email_hash": email_hash}
    return list(connection.execute(_SENT, values).mappings())


def of_same_person(connection: Connection, token: str, tokens: Sequence[str]) -> list[str]:
    """Those of the tokens whose submissions have the same email address as this one."""
    return list(connection.scalars(_OF_PERSON, {"token": token, "tokens": list(tokens)}))
