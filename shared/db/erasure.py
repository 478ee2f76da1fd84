"""Deletes what is personal about a supporter and keeps what was counted: states, offices and times stay."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from shared.domain.follow_ups import TO_ORGANIZERS
from shared.domain.mail_mentions import names_address

_REQUEST = (
    "UPDATE submission SET erase_requested_at = coalesce(erase_requested_at, now())"
    " WHERE id IN (SELECT id FROM submission WHERE {} AND scrubbed_at IS NULL ORDER BY id FOR NO KEY UPDATE)"
    " RETURNING id"
)
_REQUEST_OF_PERSON = text(_REQUEST.format("email_hash = :email_hash"))
_REQUEST_THESE = text(_REQUEST.format("token = ANY(:tokens)"))
_OPEN = "erase_requested_at IS NOT NULL AND scrubbed_at IS NULL"
_REQUESTED = text(f"SELECT id FROM submission WHERE {_OPEN} AND id > :after ORDER BY id LIMIT :limit")
_LOCK = text(f"SELECT * FROM submission WHERE id = :id AND {_OPEN} FOR NO KEY UPDATE SKIP LOCKED")
_IN_FLIGHT = text(
    "SELECT EXISTS (SELECT 1 FROM letter WHERE submission_id = :id AND state = 'sending')"
    " OR EXISTS (SELECT 1 FROM follow_up WHERE submission_id = :id AND state = 'sending')"
)
_ASKED = text(
    "SELECT letter.* FROM letter JOIN submission ON submission.id = letter.submission_id WHERE letter.id = ANY(:ids)"
    " AND erase_requested_at IS NOT NULL ORDER BY letter.id FOR NO KEY UPDATE OF letter"
)
_OF_LETTERS = "letter_id IN (SELECT id FROM letter WHERE submission_id = ANY(:ids))"
_OF_FOLLOW_UPS = "follow_up_id IN (SELECT id FROM follow_up WHERE submission_id = ANY(:ids))"
# Offices are still written to once only by each person that is left.
_FORGET_LETTERS = (
    "UPDATE letter SET from_name = '', reply_to = '', subject = '', body = '', remote_reply = '',"
    " email_hash = 'erased ' || id"
    " WHERE submission_id = ANY(:ids)"
)
_FORGET_FOLLOW_UPS = (
    "UPDATE follow_up SET recipient_email = '', reply_to = '', subject = '', body_text = '', body_html = '',"
    " remote_reply = ''{} WHERE submission_id = ANY(:ids)"
)
_FORGET_SUBMISSION = (
    "UPDATE submission SET last_name = '', street = '', unit = '', city = '', zip = '', own_words = '',"
    " edited_subject = NULL, edited_body = NULL, ticked_consents = '{{}}', suggestions = '[]', lookup_reason = '',"
    " lat = NULL, lon = NULL, {}"
    " WHERE id = ANY(:ids)"
)
_WORDS = (
    # A mail server's answer may quote whom it refuses.
    f"UPDATE letter_event SET remote_reply = '' WHERE {_OF_LETTERS} AND remote_reply <> ''",
    f"DELETE FROM letter_words WHERE {_OF_LETTERS}",
    f"DELETE FROM letter_revision WHERE {_OF_LETTERS}",
    f"UPDATE receipt SET raw = '', envelope_sender = '' WHERE {_OF_LETTERS} OR {_OF_FOLLOW_UPS}",
    _FORGET_LETTERS,
)
_SCRUB = [
    text(statement)
    for statement in (
        *_WORDS,
        "DELETE FROM consent WHERE submission_id = ANY(:ids)",
        _FORGET_FOLLOW_UPS.format(
            # That of organizers says when they were told last.
            f", email_hash = CASE WHEN kind IN {TO_ORGANIZERS} THEN email_hash ELSE 'erased ' || id END"
        ),
        _FORGET_SUBMISSION.format(
            "first_name = '', email = '', email_hash = 'erased ' || id, scrubbed_at = now()",
        ),
    )
]
# What an email to somebody who agreed to more needs is left, and the hash that their way out of it needs.
_TRIM = [
    text(statement)
    for statement in (*_WORDS, _FORGET_FOLLOW_UPS.format(""), _FORGET_SUBMISSION.format("trimmed_at = now()"))
]
# What they wrote to us about nothing of theirs that we sent.
_SCRUB_RECEIPTS = text(
    "UPDATE receipt SET raw = '', envelope_sender = '' WHERE envelope_sender <> '' AND lower(envelope_sender) = :email"
)
_IN_MAILBOX = text(
    """
    SELECT id, recipient, raw
    FROM mailbox_message
    WHERE lower(recipient) = lower(:email)
        OR position(lower(encode(convert_to(:email, 'UTF8'), 'escape')) IN lower(encode(raw, 'escape'))) > 0
    """
)
_SCRUB_MAILBOX = text("DELETE FROM mailbox_message WHERE id = ANY(:ids)")


def request_erasure(connection: Connection, email_hash: str) -> list[int]:
    """Marks everything that this person wrote; their numbers."""
    return list(connection.execute(_REQUEST_OF_PERSON, {"email_hash": email_hash}).scalars())


def requested(connection: Connection, limit: int, after: int = 0) -> list[int]:
    """Numbers beyond `after` of submissions that are still to be erased."""
    return list(connection.execute(_REQUESTED, {"limit": limit, "after": after}).scalars())


def lock_requested(connection: Connection, submission_id: int) -> RowMapping | None:
    """The submission, locked; None when it is done, or somebody else is at it."""
    return connection.execute(_LOCK, {"id": submission_id}).mappings().one_or_none()


def is_in_flight(connection: Connection, submission_id: int) -> bool:
    """True while a mail server may be taking something of it."""
    return bool(connection.execute(_IN_FLIGHT, {"id": submission_id}).scalar_one())


def lock_letters_to_erase(connection: Connection, letter_ids: Sequence[int]) -> list[RowMapping]:
    """Those of the letters whose supporter has asked to be erased, locked."""
    return list(connection.execute(_ASKED, {"ids": list(letter_ids)}).mappings())


def request_erasure_of(connection: Connection, tokens: Sequence[str]) -> list[int]:
    """Marks these submissions only; their numbers."""
    return list(connection.execute(_REQUEST_THESE, {"tokens": list(tokens)}).scalars())


def scrub(connection: Connection, submission_id: int, email: str) -> None:
    """Nothing personal is left of it, whatever was written or came back."""
    if email:
        _scrub_mailbox(connection, email)
        connection.execute(_SCRUB_RECEIPTS, {"email": email.lower()})
    scrub_many(connection, [submission_id])


def _scrub_mailbox(connection: Connection, email: str) -> None:
    """Messages to this address and those that name it, and nobody else's whose address contains it."""
    found = connection.execute(_IN_MAILBOX, {"email": email}).all()
    ids = [row.id for row in found if row.recipient.lower() == email.lower() or names_address(row.raw, email)]
    connection.execute(_SCRUB_MAILBOX, {"ids": ids})


def scrub_many(connection: Connection, submission_ids: Sequence[int]) -> None:
    """The same for several; test letters in the local mailbox go by themselves."""
    for statement in _SCRUB if submission_ids else ():
        connection.execute(statement, {"ids": list(submission_ids)})


def trim_many(connection: Connection, submission_ids: Sequence[int]) -> None:
    """Only first name, email address and its hash are left of them, and their consents."""
    for statement in _TRIM if submission_ids else ():
        connection.execute(statement, {"ids": list(submission_ids)})
