"""What comes back: receipts as they arrived, and addresses that get nothing more from us."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.db.tables.campaigns import campaign
from shared.db.tables.letters import follow_up, letter
from shared.domain.receipts import News, ReceiptOutcome, ReceiptSource
from shared.domain.suppressions import SuppressionReason

receipt = Table(
    "receipt",
    METADATA,
    key(),
    text("source", default=None),
    # The provider's own name of the event, or what the mail itself is known by: the same news twice is one row.
    text("event_id", default=None),
    Column("raw", LargeBinary, nullable=False),
    # What Mailgun signs instead of the event: good for one.
    text("token"),
    # Of mail only; the sender is empty for bounces.
    text("envelope_sender"),
    text("envelope_recipient"),
    stamp("received_at"),
    stamp("due_at"),
    Column("tries", Integer, nullable=False, server_default="0"),
    text("outcome", default=ReceiptOutcome.WAITING.value),
    text("news"),
    text("cause"),
    Column("letter_id", BigInteger, ForeignKey(letter.c.id, ondelete="CASCADE")),
    Column("follow_up_id", BigInteger, ForeignKey(follow_up.c.id, ondelete="CASCADE")),
    moment("applied_at"),
    one_of("source", ReceiptSource),
    one_of("outcome", ReceiptOutcome),
    CheckConstraint(f"news = '' OR news IN ({', '.join(repr(one.value) for one in News)})", name="news_known"),
    UniqueConstraint("source", "event_id"),
    Index("ix_receipt_token", "source", "token", unique=True, postgresql_where=sql("token <> ''")),
    Index("ix_receipt_due", "due_at", postgresql_where=sql("outcome = 'waiting'")),
    Index("ix_receipt_letter_id", "letter_id"),
    Index("ix_receipt_follow_up_id", "follow_up_id"),
    Index("ix_receipt_received_at", "received_at"),
    # When each source was last heard of.
    Index("ix_receipt_source", "source", "received_at"),
    Index("ix_receipt_envelope_sender", sql("lower(envelope_sender)"), postgresql_where=sql("envelope_sender <> ''")),
    Index("ix_receipt_complained", "follow_up_id", "letter_id", postgresql_where=sql("cause = 'complained'")),
)

# What is known of a source beside what it brought.
receipt_source = Table(
    "receipt_source",
    METADATA,
    Column("source", TEXT, primary_key=True),
    # Of mail: when `dearrep inbox read` last looked into a maildir.
    moment("read_at"),
    # When a genuine post was last signed in the future, and how far.
    moment("clock_wrong_at"),
    Column("clock_ahead_s", Integer, nullable=False, server_default="0"),
    one_of("source", ReceiptSource),
)

suppression = Table(
    "suppression",
    METADATA,
    key(),
    text("email_hash", default=None),
    # NULL: nothing from any campaign.
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id)),
    text("reason", default=None),
    text("source"),
    stamp("created_at"),
    one_of("reason", SuppressionReason),
    UniqueConstraint("email_hash", "campaign_id", postgresql_nulls_not_distinct=True),
    Index("ix_suppression_campaign_id", "campaign_id"),
)
