"""Reads and writes invitations: prepared drafts behind personal links."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from shared.db.tables import invitation, submission

# Longer than any campaign.
_UNTIL_OPENED = timedelta(days=36_500)
_COUNT_GUESS = text(
    """
    UPDATE invitation
    SET guesses = CASE WHEN guessed_since > now() - interval '1 day' THEN guesses + 1 ELSE 1 END,
        guessed_since = CASE WHEN guessed_since > now() - interval '1 day' THEN guessed_since ELSE now() END
    WHERE submission_id = :submission_id
    RETURNING guesses
    """
)


def add_invitations(connection: Connection, tokens: Sequence[str]) -> None:
    """Notes that organizers prepared these drafts; their lookups wait, lest somebody who is here wait for them."""
    prepared = submission.c.token.in_(tokens)
    connection.execute(insert(invitation).from_select(["submission_id"], select(submission.c.id).where(prepared)))
    connection.execute(update(submission).where(prepared).values(due_at=func.now() + _UNTIL_OPENED))


def mark_opened(connection: Connection, submission_id: int) -> bool:
    """True for the first who opens it, whose lookup is due now; False when it was opened or is no invitation."""
    unopened = (invitation.c.submission_id == submission_id) & invitation.c.opened_at.is_(None)
    is_first = connection.execute(update(invitation).where(unopened).values(opened_at=func.now())).rowcount > 0
    if is_first:
        connection.execute(update(submission).where(submission.c.id == submission_id).values(due_at=func.now()))
    return is_first


def count_guess(connection: Connection, submission_id: int) -> int:
    """Counts an email address that another browser tries; how many were tried within a day, this one included."""
    return int(connection.execute(_COUNT_GUESS, {"submission_id": submission_id}).scalar_one_or_none() or 0)


def forget_guesses(connection: Connection, submission_id: int) -> None:
    """The owner was recognized: wrong addresses before were slips."""
    mine = invitation.c.submission_id == submission_id
    connection.execute(update(invitation).where(mine).values(guesses=0, guessed_since=None))


def is_invited() -> Any:
    """The condition that a row of `submission` is a prepared draft."""
    return select(invitation.c.submission_id).where(invitation.c.submission_id == submission.c.id).exists()
