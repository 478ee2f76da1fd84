"""Organizers who sign in, and the local mailbox that they read."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)
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
    # Rises with every password change and sign-out, so that older sessions end.
    Column("session_epoch", Integer, nullable=False, server_default="0"),
    # The authenticator app's key, encrypted; empty while sign-in has one step. The pending one is not confirmed yet.
    text("totp_key"),
    text("totp_pending_key"),
    # The period of the last code: none is taken twice.
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    moment("signed_in_at"),
    # Whoever started the installation, and whom they let run it too: everything, in every campaign.
    Column("runs_installation", Boolean, nullable=False, server_default="false"),
    stamp("created_at"),
)

# For the day when the phone is gone: SHA-256 of each code that was not used yet.
recovery_code = Table(
    "recovery_code",
    METADATA,
    Column("organizer_id", BigInteger, ForeignKey(organizer.c.id, ondelete="CASCADE"), nullable=False),
    text("code_hash", default=None),
    PrimaryKeyConstraint("organizer_id", "code_hash"),
)

# A browser that is signed in. Where it is, nobody notes.
organizer_session = Table(
    "organizer_session",
    METADATA,
    key(),
    Column("organizer_id", BigInteger, ForeignKey(organizer.c.id, ondelete="CASCADE"), nullable=False),
    text("device"),
    stamp("began_at"),
    stamp("used_at"),
    Index("ix_organizer_session_organizer_id", "organizer_id"),
)

# Wrong tries, until `expires_at`.
sign_in_failure = Table(
    "sign_in_failure",
    METADATA,
    Column("organizer_id", BigInteger, ForeignKey(organizer.c.id, ondelete="CASCADE"), nullable=False),
    # The keyed hash of a network, or empty for all networks together.
    text("source"),
    Column("failures", Integer, nullable=False),
    moment("expires_at", nullable=False),
    PrimaryKeyConstraint("organizer_id", "source"),
    Index("ix_sign_in_failure_expires_at", "expires_at"),
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
