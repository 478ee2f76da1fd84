"""Counts what came of a campaign: who was written to and answered, what failed and why, who wants no more.

Each count reads an index alone, so that a million letters are counted while somebody waits for the page.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from shared.domain.causes import Cause
from shared.domain.states import HAS_LEFT, HoldReason, LetterState
from shared.domain.suppressions import SuppressionReason

_HAS_LEFT = ", ".join(f"'{state}'" for state in sorted(HAS_LEFT))
_OFFICES = text(
    "WITH written AS (SELECT office_id, count(*) AS letters FROM letter"
    f" WHERE campaign_id = :campaign_id AND state IN ({_HAS_LEFT}) GROUP BY office_id),"
    " answered AS (SELECT office_id, count(*) AS letters FROM letter"
    f" WHERE campaign_id = :campaign_id AND answered_at IS NOT NULL AND state IN ({_HAS_LEFT}) GROUP BY office_id)"
    " SELECT office.title, coalesce(office_holder.name, '') AS holder, office.district, written.letters,"
    " coalesce(answered.letters, 0) AS answered FROM written JOIN office ON office.id = written.office_id"
    " LEFT JOIN office_holder ON office_holder.office_id = office.id AND office_holder.valid_to IS NULL"
    " LEFT JOIN answered ON answered.office_id = office.id"
    " ORDER BY written.letters DESC, office.title, office.district, office.seat"
)
_FAILURES = text(
    "SELECT state, cause, count(*) AS letters FROM letter WHERE campaign_id = :campaign_id"
    f" AND state IN ('{LetterState.BOUNCED}', '{LetterState.REJECTED}') GROUP BY state, cause"
    " ORDER BY letters DESC, state, cause"
)
# Cancelled letters are in no index of this kind, and nobody asks whether they were tests.
_KINDS = text(
    "SELECT is_test FROM (VALUES (true), (false)) AS kind(is_test) WHERE EXISTS (SELECT 1 FROM letter"
    " WHERE campaign_id = :campaign_id AND letter.is_test = kind.is_test AND state <> 'cancelled')"
)
_FOLLOW_UPS = text("SELECT state, count(*) AS emails FROM follow_up WHERE campaign_id = :campaign_id GROUP BY state")
_CONSENTS = text(
    "SELECT organization, count(DISTINCT email_hash) AS people FROM consent"
    " WHERE campaign_id = :campaign_id AND withdrawn_at IS NULL GROUP BY organization ORDER BY organization"
)
_UNSUBSCRIBED = text(
    f"SELECT count(*) FROM suppression WHERE campaign_id = :campaign_id AND reason = '{SuppressionReason.UNSUBSCRIBED}'"
)
_COMPLAINTS = text(
    "SELECT count(DISTINCT letter.id) AS letters, count(DISTINCT follow_up.id) AS emails FROM receipt"
    " LEFT JOIN letter ON letter.id = receipt.letter_id AND letter.campaign_id = :campaign_id"
    " LEFT JOIN follow_up ON follow_up.id = receipt.follow_up_id AND follow_up.campaign_id = :campaign_id"
    f" WHERE receipt.cause = '{Cause.COMPLAINED}'"
)
# Written to by this campaign, whether or not anybody has pressed Send yet.
_OFFICES_HELD = (
    "SELECT office.id, office.ocd_id, office.seat, office.title, office.district, holder.name, holder.email,"
    " holder.second_email, holder.email_failed_at, holder.second_failed_at, holder.email_failure,"
    " (SELECT count(*) FROM letter WHERE letter.campaign_id = campaign.id AND letter.state = 'held'"
    f" AND letter.office_id = office.id AND hold_reason IN ('{HoldReason.ADDRESS_FAILING}', '{HoldReason.NO_EMAIL}'))"
    " AS held FROM campaign"
    " JOIN office ON office.jurisdiction = campaign.jurisdiction AND office.chamber = ANY(campaign.chambers)"
    " JOIN office_holder holder ON holder.office_id = office.id AND holder.valid_to IS NULL"
    " WHERE campaign.id = :campaign_id AND "
)
_FAILS = "(holder.email_failed_at IS NOT NULL OR holder.second_failed_at IS NOT NULL)"
_FAILING = text(f"{_OFFICES_HELD} {_FAILS} ORDER BY held DESC, office.title, office.district, office.seat")
_MENDABLE = text(f"{_OFFICES_HELD} office.id = :office_id AND ({_FAILS} OR holder.email = '')")


def count_offices(connection: Connection, campaign_id: int) -> Sequence[RowMapping]:
    """Each office that letters left for, most letters first: how many, and how many of them were answered."""
    return connection.execute(_OFFICES, {"campaign_id": campaign_id}).mappings().all()


def count_failures(connection: Connection, campaign_id: int) -> Sequence[RowMapping]:
    """Letters that bounced or were refused, by state and cause, most first."""
    return connection.execute(_FAILURES, {"campaign_id": campaign_id}).mappings().all()


def kinds_of_letters(connection: Connection, campaign_id: int) -> set[bool]:
    """True when there are test letters, False when there are real ones; both, or neither."""
    return set(connection.execute(_KINDS, {"campaign_id": campaign_id}).scalars())


def count_follow_ups(connection: Connection, campaign_id: int) -> dict[LetterState, int]:
    """Emails to supporters by state."""
    rows = connection.execute(_FOLLOW_UPS, {"campaign_id": campaign_id})
    return {LetterState(state): emails for state, emails in rows}


def count_consents(connection: Connection, campaign_id: int) -> dict[str, int]:
    """People who agreed to hear from an organization and did not take it back, by organization."""
    return {row.organization: row.people for row in connection.execute(_CONSENTS, {"campaign_id": campaign_id})}


def count_unsubscribed(connection: Connection, campaign_id: int) -> int:
    """Addresses whose owners want no more of this campaign."""
    return int(connection.execute(_UNSUBSCRIBED, {"campaign_id": campaign_id}).scalar_one())


def count_complaints(connection: Connection, campaign_id: int) -> tuple[int, int]:
    """Letters that offices marked as spam, and emails that supporters did, each once."""
    row = connection.execute(_COMPLAINTS, {"campaign_id": campaign_id}).one()
    return row.letters, row.emails


def failing_addresses(connection: Connection, campaign_id: int) -> Sequence[RowMapping]:
    """The offices that this campaign writes to and of which an address fails, with the letters held for it."""
    return connection.execute(_FAILING, {"campaign_id": campaign_id}).mappings().all()


def mendable_address(connection: Connection, campaign_id: int, office_id: int) -> RowMapping | None:
    """One of them, or an office of the campaign that has no address at all; None for any other."""
    values = {"campaign_id": campaign_id, "office_id": office_id}
    return connection.execute(_MENDABLE, values).mappings().one_or_none()
