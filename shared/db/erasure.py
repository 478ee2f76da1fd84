"""Deletes what is personal about a supporter and keeps what was counted: states, offices and times stay."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

_REQUEST = text(
    "UPDATE submission SET erase_requested_at = coalesce(erase_requested_at, now()) WHERE email_hash = :email_hash"
    " AND scrubbed_at IS NULL RETURNING id"
)
_LOCK = text(
    "SELECT * FROM submission WHERE erase_requested_at IS NOT NULL AND scrubbed_at IS NULL ORDER BY id LIMIT :limit"
    " FOR UPDATE SKIP LOCKED"
)
_IN_FLIGHT = text(
    "SELECT EXISTS (SELECT 1 FROM letter WHERE submission_id = :id AND state = 'sending')"
    " OR EXISTS (SELECT 1 FROM follow_up WHERE submission_id = :id AND state = 'sending')"
)
_ASKED = text(
    "SELECT letter.* FROM letter JOIN submission ON submission.id = letter.submission_id WHERE letter.id = ANY(:ids)"
    " AND erase_requested_at IS NOT NULL ORDER BY letter.id FOR UPDATE OF letter"
)
_OF_LETTERS = "letter_id IN (SELECT id FROM letter WHERE submission_id = :id)"
_OF_FOLLOW_UPS = "follow_up_id IN (SELECT id FROM follow_up WHERE submission_id = :id)"
_SCRUB_LETTERS = (
    # Offices are still written to once only by each person that is left.
    "UPDATE letter SET from_name = '', reply_to = '', subject = '', body = '', email_hash = 'erased ' || id"
    " WHERE submission_id = :id"
)
_SCRUB_FOLLOW_UPS = (
    "UPDATE follow_up SET recipient_email = '', reply_to = '', subject = '', body_text = '', body_html = '',"
    " remote_reply = '', email_hash = 'erased ' || id WHERE submission_id = :id"
)
_SCRUB_SUBMISSION = (
    "UPDATE submission SET first_name = '', last_name = '', email = '', email_hash = 'erased ' || id, street = '',"
    " unit = '', city = '', zip = '', own_words = '', edited_subject = NULL, edited_body = NULL,"
    " suggestions = '[]', lookup_reason = '', lat = NULL, lon = NULL, scrubbed_at = now() WHERE id = :id"
)
_SCRUB = [
    text(statement)
    for statement in (
        "DELETE FROM mailbox_message WHERE recipient = :email OR position(convert_to(:email, 'UTF8') IN raw) > 0",
        f"DELETE FROM letter_words WHERE {_OF_LETTERS}",
        f"UPDATE receipt SET raw = '' WHERE {_OF_LETTERS} OR {_OF_FOLLOW_UPS}",
        "DELETE FROM consent WHERE submission_id = :id",
        _SCRUB_LETTERS,
        _SCRUB_FOLLOW_UPS,
        _SCRUB_SUBMISSION,
    )
]


def request_erasure(connection: Connection, email_hash: str) -> list[int]:
    """Marks everything that this person wrote; their numbers."""
    return list(connection.execute(_REQUEST, {"email_hash": email_hash}).scalars())


def lock_requested(connection: Connection, limit: int) -> list[RowMapping]:
    """Submissions that are still to be erased, locked."""
    return list(connection.execute(_LOCK, {"limit": limit}).mappings())


def is_in_flight(connection: Connection, submission_id: int) -> bool:
    """True while a mail server may be taking something of it."""
    return bool(connection.execute(_IN_FLIGHT, {"id": submission_id}).scalar_one())


def lock_letters_to_erase(connection: Connection, letter_ids: Sequence[int]) -> list[RowMapping]:
    """Those of the letters whose supporter has asked to be erased, locked."""
    return list(connection.execute(_ASKED, {"ids": list(letter_ids)}).mappings())


def scrub(connection: Connection, submission_id: int, email: str) -> None:
    """Nothing personal is left of it, whatever was written or came back."""
    for statement in _SCRUB:
        connection.execute(statement, {"id": submission_id, "email": email})
