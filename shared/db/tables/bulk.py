"""Changes of many letters at once: what was asked for, and how each letter was before, so that it can go back."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.domain.bulk import BulkAction, BulkState, Outcome

bulk_change = Table(
    "bulk_change",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    text("action", default=None),
    text("state", default=BulkState.RUNNING.value),
    text("actor", default=None),
    # Which letters, in plain words; never whose.
    text("title", default=None),
    stamp("asked_at"),
    moment("undo_until", nullable=False),
    # How long the letters wait before they leave.
    Column("delay_s", Integer, nullable=False, server_default="0"),
    # Those that were chosen when it was looked at and had changed before it was asked for.
    Column("moved_before", Integer, nullable=False, server_default="0"),
    # The last letter that was worked on.
    Column("reached", BigInteger, nullable=False, server_default="0"),
    one_of("action", BulkAction),
    one_of("state", BulkState),
    Index("ix_bulk_change_campaign", "campaign_id", "id"),
    Index("ix_bulk_change_unfinished", "id", postgresql_where=sql("state IN ('running', 'undoing')")),
)

bulk_letter = Table(
    "bulk_letter",
    METADATA,
    Column("bulk_id", BigInteger, ForeignKey(bulk_change.c.id, ondelete="CASCADE"), nullable=False),
    # No foreign key: nothing has to be looked for here when letters are deleted.
    Column("letter_id", BigInteger, nullable=False),
    text("outcome", default=Outcome.WAITING.value),
    # Why it was left out.
    text("reason"),
    Column("before", JSONB),
    # The letter's last change when it was done: while it stands, nothing has happened to it since.
    moment("changed_at"),
    PrimaryKeyConstraint("bulk_id", "letter_id"),
    one_of("outcome", Outcome),
)
