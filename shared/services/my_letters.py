"""What supporters do with letters that they sent: find them again, take one back, have their data deleted.

Whoever began a letter in a browser may say any email address is theirs; only the link in our emails proves it. So a
browser acts on its own submissions, and on all of a person's after that link was opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import follow_ups, letters, own_letters, submissions
from shared.db.engine import at_once
from shared.domain.causes import Cause
from shared.domain.holds import waits_for_writer
from shared.domain.identities import email_hash
from shared.domain.letter_words import LETTER_GONE, SEAT_VACANT
from shared.domain.phrases import phrase
from shared.domain.states import CANCELLABLE, SUBMISSION_ARROWS, LetterState, SubmissionState
from shared.errors import NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.erasure import erase_person, erase_submissions
from shared.services.letter_fit import make_waiting
from shared.settings import Settings


@dataclass(frozen=True)
class SentBefore:
    """One time that a person wrote."""

    token: str
    sent_at: datetime


def find_earlier(
    engine: Engine, settings: Settings, slug: str, email: str, tokens: Sequence[str]
) -> tuple[SentBefore, ...]:
    """What this email address sent in the campaign, of these submissions only; newest first."""
    with at_once(engine) as connection:
        rows = own_letters.sent_by(connection, tokens, slug, email_hash(settings.secret_key, email))
    return tuple(SentBefore(row["token"], row["accepted_at"]) for row in rows)


def cancel_own_letter(engine: Engine, token: str, letter_id: int) -> None:
    """Takes one letter back while it waits; with the last of them the whole submission. Raises NotFound, NotAllowed."""
    with engine.begin() as connection:
        submission = submissions.lock_submission(connection, token)
        written = letters.lock_letters_of_submission(connection, submission["id"]) if submission else []
        row = next((one for one in written if one["id"] == letter_id), None)
        if submission is None or row is None:
            raise NotFound(LETTER_GONE)
        if row["state"] == LetterState.CANCELLED.value:
            return
        if LetterState(row["state"]) not in CANCELLABLE:
            raise NotAllowed(phrase("This letter is already leaving, or has left. It can't be taken back any more."))
        letters.change_letter(connection, row, LetterState.CANCELLED, actor="supporter", cause=Cause.SUPPORTER)
        if all(one["id"] == letter_id or _never_left(one) for one in written) and row["sent_at"] is None:
            _withdraw(connection, submission)


def send_to_new_holder(engine: Engine, ring: Ring, token: str, letter_id: int) -> None:
    """Releases a letter whose seat changed hands to the office's holder of today; twice is the same as once.

    Raises NotFound, or NotAllowed with the reason.
    """
    with engine.begin() as connection:
        submission = submissions.lock_submission(connection, token)
        written = letters.lock_letters_of_submission(connection, submission["id"]) if submission else []
        row = next((one for one in written if one["id"] == letter_id), None)
        if row is None or letters.is_erased(connection, row):
            raise NotFound(LETTER_GONE)
        if not waits_for_writer(row["state"], row["hold_reason"]):
            return
        if not row["body"]:
            raise NotAllowed(SEAT_VACANT)
        values = {"hold_reason": None, "tries": 0}
        make_waiting(connection, row, LetterState.QUEUED, actor="supporter", values=values)
    ring.ring(TaskName.DELIVER_LETTERS)


def erase_own(engine: Engine, settings: Settings, token: str, tokens: Sequence[str], *, is_proved: bool) -> list[str]:
    """Deletes what this browser may delete: all of the person's when it is proved who they are, else its own.

    Returns the tokens of this browser that are empty now.
    """
    with at_once(engine) as connection:
        row = submissions.find_submission(connection, token)
        same = own_letters.of_same_person(connection, token, [*tokens, token])
    if row is None or row["scrubbed_at"] is not None:
        return [token]
    if is_proved:
        erase_person(engine, settings, row["email"])
    else:
        erase_submissions(engine, same)
    return same


def _never_left(row: RowMapping) -> bool:
    return row["state"] == LetterState.CANCELLED.value and row["sent_at"] is None


def _withdraw(connection: Connection, submission: RowMapping) -> None:
    """As undo does: nothing is left to tell about."""
    for mail in follow_ups.lock_waiting(connection, submission["id"]):
        follow_ups.change_follow_up(connection, mail, LetterState.CANCELLED)
    if SubmissionState.WITHDRAWN in SUBMISSION_ARROWS[SubmissionState(submission["state"])]:
        submissions.change_submission(connection, submission, SubmissionState.WITHDRAWN)
