"""Organizers who sign in, and the local mailbox that they read."""

from sqlalchemy import Column, Integer, LargeBinary, Table
from sqlalchemy.dialects.postgresql import TEXT

from shared.db.tables.base import METADATA, key, moment, stamp, text

organizer = Table(
    "organizer",
    METADATA,
    key(),
    Column("email", TEXT, nullable=False, unique=True),
    text("name"),
    # argon2id; empty until the organizer has chosen one.
    text("password_hash"),
    # argon2id of the one-time password that `dearrep up` prints; empty once used.
    text("one_time_hash"),
    moment("one_time_expires_at"),
    # Rises with every password change, so that older sessions end.
    Column("session_epoch", Integer, nullable=False, server_default="0"),
    Column("failed_sign_ins", Integer, nullable=False, server_default="0"),
    moment("locked_until"),
    moment("signed_in_at"),
    stamp("created_at"),
)

mailbox_message = Table(
    "mailbox_message",
    METADATA,
    key(),
    stamp("received_at"),
    text("envelope_sender"),
    text("recipient"),
    text("subject"),
    text("from_header"),
    text("message_id"),
    # The message as the mail server received it.
    Column("raw", LargeBinary, nullable=False),
)
