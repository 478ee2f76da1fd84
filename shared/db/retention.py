"""Finds submissions whose personal data have grown old: nothing of them is under way, and nothing has been for long."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from sqlalchemy import Connection, RowMapping, text

from shared.domain.states import END_STATES

_ENDS = ", ".join(f"'{state}'" for state in sorted(END_STATES))
_CUTOFF = "now() - :days * interval '1 day'"
# Somebody agreed to hear more of this campaign, with whichever of their letters, and did not take it back.
_WANTS_MORE = (
    "(EXISTS (SELECT 1 FROM submission one JOIN consent ON consent.submission_id = one.id"
    " WHERE one.email_hash = s.email_hash AND one.campaign_id = s.campaign_id AND withdrawn_at IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.email_hash = s.email_hash"
    " AND (suppression.campaign_id IS NULL OR suppression.campaign_id = s.campaign_id)))"
)
# A person's later letter keeps the earlier ones, or the way out of emails that stands in theirs would lead nowhere.
_OLD = text(
    f"SELECT s.id, {_WANTS_MORE} AS wants_more FROM submission s WHERE accepted_at < {_CUTOFF}"
    f" AND scrubbed_at IS NULL AND trimmed_at IS NULL AND state_changed_at < {_CUTOFF}"
    " AND (expected_letters IS NOT NULL OR state IN ('withdrawn', 'expired'))"
    " AND NOT EXISTS (SELECT 1 FROM letter WHERE letter.submission_id = s.id"
    f" AND (letter.state NOT IN ({_ENDS}) OR letter.state_changed_at >= {_CUTOFF}))"
    " AND NOT EXISTS (SELECT 1 FROM follow_up WHERE follow_up.submission_id = s.id"
    f" AND (follow_up.state IN ('queued', 'deferred', 'sending') OR follow_up.state_changed_at >= {_CUTOFF}))"
    " AND NOT EXISTS (SELECT 1 FROM submission later WHERE later.email_hash = s.email_hash"
    f" AND later.campaign_id = s.campaign_id AND later.scrubbed_at IS NULL AND later.accepted_at >= {_CUTOFF})"
    " ORDER BY accepted_at LIMIT :limit FOR NO KEY UPDATE OF s SKIP LOCKED"
)
_UNWANTED = text(
    "SELECT s.id FROM submission s WHERE trimmed_at IS NOT NULL AND scrubbed_at IS NULL"
    f" AND NOT {_WANTS_MORE} AND NOT EXISTS (SELECT 1 FROM follow_up WHERE follow_up.submission_id = s.id"
    " AND follow_up.state IN ('queued', 'deferred', 'sending'))"
    " ORDER BY s.id LIMIT :limit FOR NO KEY UPDATE OF s SKIP LOCKED"
)


def lock_old(connection: Connection, days: float, limit: int) -> list[RowMapping]:
    """Submissions that were sent, ended and changed last before so many days, with `wants_more`; locked."""
    return list(connection.execute(_OLD, {"days": days, "limit": limit}).mappings())


def lock_unwanted(connection: Connection, limit: int) -> list[int]:
    """Those that were trimmed, and whose supporter wants no more emails now; locked."""
    return list(connection.execute(_UNWANTED, {"limit": limit}).scalars())
