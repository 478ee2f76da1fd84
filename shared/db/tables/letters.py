"""Letters to offices and follow-up emails to supporters: rows with a due date on one delivery engine."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, TSVECTOR

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.db.tables.campaigns import campaign
from shared.db.tables.directory import office, office_holder
from shared.db.tables.submissions import submission
from shared.domain.backoff import MOST_TRIES
from shared.domain.states import HoldReason, LetterState

ONE_PER_OFFICE = "uq_letter_one_per_office"
# Nobody has said since the last change that it is dealt with.
UNATTENDED = "(attended_at IS NULL OR attended_at < state_changed_at)"
# Letters that need a person.
ATTENTION = (
    "(state IN ('held', 'uncertain', 'unconfirmed', 'rejected', 'bounced', 'expired', 'quarantined')"
    f" OR (state = 'deferred' AND cause IN ('mailbox_full', 'our_dns'))) AND {UNATTENDED}"
)

# Letters that were put off so often that nobody tries them any more. What waits for our own DNS is tried each hour.
WORN_OUT = f"state = 'deferred' AND cause <> 'our_dns' AND tries >= {MOST_TRIES}"


def _delivery_columns() -> list[Column[Any]]:
    """What the delivery engine reads and writes, the same for letters and follow-ups."""
    return [
        text("state", default=LetterState.QUEUED.value),
        stamp("state_changed_at"),
        # Rises with every claim and fences the last write; `tries` counts only what reached a mail server.
        Column("attempt", Integer, nullable=False, server_default="0"),
        Column("tries", Integer, nullable=False, server_default="0"),
        Column("crash_count", SmallInteger, nullable=False, server_default="0"),
        # How often it was queued again after a server had taken it, or might have.
        Column("resends", SmallInteger, nullable=False, server_default="0"),
        stamp("due_at"),
        moment("lease_until"),
        text("worker"),
        text("recipient_email"),
        text("receiving_domain"),
        text("message_id"),
        Column("is_test", Boolean, nullable=False),
        text("transport", default=None),
        text("subject"),
        # Why the letter is where it is: a code from `shared.domain.causes`.
        text("cause"),
        # The mail server's own answer.
        text("remote_reply"),
        # The name that a relay gave to it in that answer.
        text("relay_id"),
        moment("sent_at"),
        stamp("created_at"),
    ]


letter = Table(
    "letter",
    METADATA,
    key(),
    Column("submission_id", BigInteger, ForeignKey(submission.c.id), nullable=False),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id), nullable=False),
    Column("office_id", BigInteger, ForeignKey(office.c.id), nullable=False),
    Column("office_holder_id", BigInteger, ForeignKey(office_holder.c.id)),
    *_delivery_columns(),
    Column("hold_reason", TEXT),
    # Until when it is tried, time apart in which it could not leave (`shared.domain.expiry`).
    Column("deliver_by", DateTime(timezone=True), nullable=False, server_default=sql("now() + interval '5 days'")),
    text("email_hash", default=None),
    # Frozen when the letter enters `queued`.
    text("recipient_title"),
    text("recipient_name"),
    text("district"),
    text("from_name"),
    text("reply_to"),
    text("body"),
    # When the first answer came, as far as we were told.
    moment("answered_at"),
    # When an organizer said that its trouble is dealt with; a later change of the state makes that old.
    moment("attended_at"),
    one_of("state", LetterState),
    one_of("hold_reason", HoldReason),
    Index(
        ONE_PER_OFFICE,
        "campaign_id",
        "is_test",
        "email_hash",
        "office_id",
        unique=True,
        postgresql_where=sql("state <> 'cancelled'"),
    ),
    Index(
        "ix_letter_claimable",
        "state",
        "transport",
        "receiving_domain",
        "campaign_id",
        "due_at",
        "id",
        postgresql_where=sql("state IN ('queued', 'deferred')"),
    ),
    Index("ix_letter_deliver_by", "campaign_id", "deliver_by", postgresql_where=sql("state IN ('queued', 'deferred')")),
    Index("ix_letter_worn_out", "id", postgresql_where=sql(WORN_OUT)),
    Index("ix_letter_uncertain", "state_changed_at", postgresql_where=sql("state = 'uncertain'")),
    Index("ix_letter_leased", "lease_until", postgresql_where=sql("state = 'sending'")),
    Index("ix_letter_submission_id", "submission_id"),
    # Counted, office by office too; an office's letters are read in its order, page by page.
    Index("ix_letter_campaign_state", "campaign_id", "state", "office_id", "state_changed_at", "id"),
    Index(
        "ix_letter_failed", "campaign_id", "state", "cause", postgresql_where=sql("state IN ('bounced', 'rejected')")
    ),
    Index("ix_letter_relay_id", "relay_id", postgresql_where=sql("relay_id <> ''")),
    Index("ix_letter_answered", "campaign_id", "office_id", "state", postgresql_where=sql("answered_at IS NOT NULL")),
    # All letters page by page; carries when a server took the letter, by which letters are counted over time.
    Index("ix_letter_changed", "campaign_id", "state", "state_changed_at", "id", postgresql_include=["sent_at"]),
    # What needs attention, counted by what one mends, and read in the order of the table.
    Index(
        "ix_letter_attention",
        "campaign_id",
        "state",
        "cause",
        "office_id",
        "receiving_domain",
        "state_changed_at",
        "id",
        postgresql_where=sql(ATTENTION),
    ),
    # Small; leads to test letters, and to those of a rare mail domain.
    Index("ix_letter_domain", "campaign_id", "is_test", "receiving_domain"),
)

# Apart from the letter and never updated, which is what an index of words needs; see `shared.domain.search_words`.
letter_words = Table(
    "letter_words",
    METADATA,
    Column("letter_id", BigInteger, ForeignKey(letter.c.id, ondelete="CASCADE"), primary_key=True),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_letter_words_words", "words", postgresql_using="gin"),
)

letter_event = Table(
    "letter_event",
    METADATA,
    key(),
    Column("letter_id", BigInteger, ForeignKey(letter.c.id, ondelete="CASCADE"), nullable=False),
    stamp("at"),
    # NULL when the letter was created in `to_state`.
    Column("from_state", TEXT),
    text("to_state", default=None),
    Column("attempt", Integer, nullable=False, server_default="0"),
    # `system`, `supporter`, or `organizer:ID`.
    text("actor", default="system"),
    text("cause"),
    text("remote_reply"),
    Index("ix_letter_event_letter_id", "letter_id"),
    # Events are only added, in the order of their times: this index of a few pages finds the latest.
    Index("ix_letter_event_at", "at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

follow_up = Table(
    "follow_up",
    METADATA,
    key(),
    Column("submission_id", BigInteger, ForeignKey(submission.c.id), nullable=False),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id), nullable=False),
    # The email's folder in templates/emails.
    text("kind", default=None),
    *_delivery_columns(),
    text("body_text"),
    text("body_html"),
    text("email_hash"),
    # Tells emails of one kind apart: the step's turn in its sequence, the update, the receipt that it passes on.
    Column("number", BigInteger, nullable=False, server_default="0"),
    # What must be true when it is claimed (`shared.domain.follow_ups.Need`); else it is not needed any more.
    Column("needs", ARRAY(TEXT), nullable=False, server_default="{}"),
    text("reply_to"),
    # When it was claimed first. Until then it waits from `due_at` on.
    moment("first_attempt_at"),
    # It leaves although letters are due: it tells the owner of an address that the address was used again.
    Column("is_urgent", Boolean, nullable=False, server_default="false"),
    one_of("state", LetterState),
    UniqueConstraint("submission_id", "kind", "number"),
    Index("ix_follow_up_person", "email_hash", "campaign_id"),
    Index("ix_follow_up_relay_id", "relay_id", postgresql_where=sql("relay_id <> ''")),
    Index("ix_follow_up_claimable", "due_at", postgresql_where=sql("state IN ('queued', 'deferred')")),
    Index("ix_follow_up_urgent", "due_at", postgresql_where=sql("is_urgent AND state IN ('queued', 'deferred')")),
    # Of the domains that have a rate.
    Index("ix_follow_up_domain", "receiving_domain", "due_at", postgresql_where=sql("state IN ('queued', 'deferred')")),
    Index("ix_follow_up_campaign_state", "campaign_id", "state"),
    Index("ix_follow_up_update", "number", "state", postgresql_where=sql("kind = 'update'")),
    # Put off again and again; most wait for their first attempt.
    Index(
        "ix_follow_up_attempted",
        "first_attempt_at",
        postgresql_where=sql("state IN ('queued', 'deferred') AND first_attempt_at IS NOT NULL"),
    ),
    Index("ix_follow_up_leased", "lease_until", postgresql_where=sql("state = 'sending'")),
)
