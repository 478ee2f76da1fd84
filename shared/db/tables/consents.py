"""Who may write to a supporter later: consent per organization, and the updates that organizers send by it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, UniqueConstraint
from sqlalchemy import text as sql

from shared.db.tables.base import METADATA, key, moment, stamp, text
from shared.db.tables.campaigns import campaign
from shared.db.tables.submissions import submission

consent = Table(
    "consent",
    METADATA,
    key(),
    Column("submission_id", BigInteger, ForeignKey(submission.c.id, ondelete="CASCADE"), nullable=False),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id), nullable=False),
    text("email_hash", default=None),
    text("organization", default=None),
    # The sentence that stood beside the box, and the page that it stood on.
    text("wording"),
    text("language"),
    text("source"),
    stamp("given_at"),
    moment("withdrawn_at"),
    UniqueConstraint("submission_id", "organization"),
    Index(
        "ix_consent_active",
        "campaign_id",
        "organization",
        "email_hash",
        postgresql_where=sql("withdrawn_at IS NULL"),
    ),
)

campaign_update = Table(
    "campaign_update",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id), nullable=False),
    text("organization", default=None),
    text("subject", default=None),
    # Markdown.
    text("body", default=None),
    text("created_by", default=None),
    stamp("created_at"),
    moment("tested_at"),
    moment("sent_at"),
    Column("recipients", Integer),
    Index("ix_campaign_update_campaign_id", "campaign_id"),
)
