"""Reads and writes consents and suppressions: who may write to a supporter, and who gets nothing more."""

from collections.abc import Mapping

from sqlalchemy import Connection, and_, bindparam, func, select, text, update

from shared.db.driver import ask, spell
from shared.db.tables import consent, submission, suppression
from shared.domain.suppressions import SuppressionReason

# What came back from an address outlives its owner's own wish, which may be taken back.
_SUPPRESS = text(
    "INSERT INTO suppression (email_hash, campaign_id, reason, source) VALUES (:email_hash, :campaign_id, :reason,"
    " :source) ON CONFLICT (email_hash, campaign_id) DO UPDATE SET reason = excluded.reason, source = excluded.source"
    " WHERE suppression.reason = 'unsubscribed' AND excluded.reason <> 'unsubscribed'"
)
_LIFT = text(
    "DELETE FROM suppression WHERE email_hash = :email_hash AND campaign_id = :campaign_id AND reason = 'unsubscribed'"
)
_GIVE = text(
    "INSERT INTO consent (submission_id, campaign_id, email_hash, organization, wording, language, source)"
    " SELECT id, campaign_id, email_hash, :organization, :wording, :language, :source FROM submission"
    " WHERE id = :submission_id ON CONFLICT (submission_id, organization) DO UPDATE SET withdrawn_at = NULL,"
    " given_at = now(), wording = excluded.wording, language = excluded.language, source = excluded.source"
    " WHERE consent.withdrawn_at IS NOT NULL"
)
_BEHIND = spell(
    select(consent.c.organization)
    .join(submission)
    .where(submission.c.token == bindparam("wanted"), consent.c.withdrawn_at.is_(None))
)


def suppress(
    connection: Connection, email_hash: str, campaign_id: int | None, reason: SuppressionReason, *, source: str
) -> None:
    """This address gets nothing more of the campaign, of any when that is None; twice is the same as once."""
    values = {"email_hash": email_hash, "campaign_id": campaign_id, "reason": reason.value, "source": source}
    connection.execute(_SUPPRESS, values)


def lift_suppression(connection: Connection, email_hash: str, campaign_id: int) -> None:
    """Takes an unsubscription back; what came back from the address stays."""
    connection.execute(_LIFT, {"email_hash": email_hash, "campaign_id": campaign_id})


def read_suppressions(connection: Connection, email_hash: str, campaign_id: int) -> list[SuppressionReason]:
    """Why the address gets nothing of this campaign; empty when it does."""
    query = select(suppression.c.reason).where(
        suppression.c.email_hash == email_hash,
        suppression.c.campaign_id.is_(None) | (suppression.c.campaign_id == campaign_id),
    )
    return [SuppressionReason(reason) for reason in connection.scalars(query)]


def active_consents(connection: Connection, submission_id: int) -> set[str]:
    """The organizations that this submission's supporter lets write."""
    query = select(consent.c.organization).where(
        consent.c.submission_id == submission_id, consent.c.withdrawn_at.is_(None)
    )
    return set(connection.scalars(query))


def consents_behind(connection: Connection, token: str) -> set[str]:
    """The same by the submission's token."""
    return {row["organization"] for row in ask(connection, _BEHIND, {"wanted": token})}


def give_consents(
    connection: Connection, submission_id: int, wordings: Mapping[str, str], *, language: str, source: str
) -> None:
    """Consent from now on, by organization with the wording that was agreed to; one that stands stays as it is."""
    common = {"submission_id": submission_id, "language": language, "source": source}
    for organization, wording in wordings.items():
        connection.execute(_GIVE, {**common, "organization": organization, "wording": wording})


def withdraw_consents(connection: Connection, email_hash: str, organizations: set[str]) -> None:
    """Whatever this person agreed to with these organizations, in any campaign, ends now."""
    given = and_(consent.c.email_hash == email_hash, consent.c.organization.in_(organizations))
    statement = update(consent).where(given, consent.c.withdrawn_at.is_(None))
    connection.execute(statement.values(withdrawn_at=func.now()))
