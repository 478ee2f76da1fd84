"""Erases a person who asks for it: what waits is cancelled, what leaves at this moment is awaited, the rest is deleted.

A request is kept until it is done, so that no crash forgets it.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import OperationalError

from shared.db import erasure, exports, follow_ups, letters, submissions
from shared.db.savepoints import Faults, apart, raise_faults
from shared.domain.causes import Cause
from shared.domain.identities import email_hash
from shared.domain.states import CANCELLABLE, SUBMISSION_ARROWS, LetterState, SubmissionState
from shared.domain.supporter_input import checked_email
from shared.errors import NotFound
from shared.settings import Settings

_LOG = structlog.get_logger()
BATCH = 100
# A run goes on behind so many requests that fail.
_MOST_FAILED = 1_000


def erase_person(engine: Engine, settings: Settings, email: str) -> int:
    """Deletes everything about this person, in all campaigns; how many submissions. Raises NotFound, InputError.

    What is being sent right now is deleted within seconds by the sweeps.
    """
    hashed = email_hash(settings.secret_key, checked_email(email))
    with engine.begin() as connection:
        numbers = erasure.request_erasure(connection, hashed)
        if not numbers:
            raise NotFound("Nobody wrote a letter with this email address, or it is deleted already.")
    _erase_now(engine, numbers)
    return len(numbers)


def erase_submissions(engine: Engine, tokens: Sequence[str]) -> None:
    """Deletes everything about these submissions only; twice is the same as once."""
    with engine.begin() as connection:
        numbers = erasure.request_erasure_of(connection, tokens)
    _erase_now(engine, numbers)


def erase_requested(engine: Engine) -> int:
    """Does what requests are still open; how many submissions are done.

    Raises RowsFailedError at the end if any of them failed.
    """
    done, faults, looked_at = 0, Faults(), 0
    while faults.total() <= _MOST_FAILED:
        with engine.connect() as connection:
            numbers = erasure.requested(connection, BATCH, looked_at)
        for number in numbers:
            with apart(faults, "submission.not_erased", submission_id=number):
                done += _erase(engine, number)
        if len(numbers) < BATCH:
            break
        looked_at = numbers[-1]
    raise_faults(faults)
    return done


def _erase_now(engine: Engine, numbers: Sequence[int]) -> None:
    """What fails now is done by a sweep: the request is kept."""
    faults = Faults()
    try:
        for number in numbers[:BATCH]:
            with apart(faults, "erasure.later", submission_id=number):
                _erase(engine, number)
    except OperationalError as error:
        _LOG.warning("erasure.later", error=type(error).__name__)


def stop_erased(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """Cancels those of just recorded letters that would be tried again although their supporter asked to be erased."""
    waiting = [row["id"] for row in rows if row["state"] in CANCELLABLE]
    for letter in erasure.lock_letters_to_erase(connection, waiting) if waiting else ():
        if LetterState(letter["state"]) in CANCELLABLE:
            letters.change_letter(connection, letter, LetterState.CANCELLED, cause=Cause.SUPPORTER)


def _erase(engine: Engine, number: int) -> bool:
    """Each by itself: whoever holds the rows of several waits for others who do."""
    with engine.begin() as connection:
        row = erasure.lock_requested(connection, number)
        if row is None:
            return False
        exports.take_out(connection, row)
        _cancel(connection, row)
        if erasure.is_in_flight(connection, number):
            return False
        erasure.scrub(connection, number, row["email"])
    _LOG.info("submission.erased", submission_id=number)
    return True


def _cancel(connection: Connection, row: RowMapping) -> None:
    for letter in letters.lock_letters_of_submission(connection, row["id"]):
        if LetterState(letter["state"]) in CANCELLABLE:
            letters.change_letter(connection, letter, LetterState.CANCELLED, actor="supporter", cause=Cause.SUPPORTER)
    for mail in follow_ups.lock_waiting(connection, row["id"]):
        follow_ups.change_follow_up(connection, mail, LetterState.CANCELLED)
    # Who has no letters yet gets none.
    state = SubmissionState(row["state"])
    if row["expected_letters"] is None and SubmissionState.WITHDRAWN in SUBMISSION_ARROWS[state]:
        submissions.change_submission(connection, row, SubmissionState.WITHDRAWN)
