"""Who may do what in which campaign, who was invited to, and what each of them did."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.db.tables.campaigns import campaign
from shared.db.tables.organizers import organizer
from shared.domain.permissions import Role

membership = Table(
    "membership",
    METADATA,
    Column("organizer_id", BigInteger, ForeignKey(organizer.c.id, ondelete="CASCADE"), nullable=False),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id, ondelete="CASCADE"), nullable=False),
    text("role", default=None),
    stamp("created_at"),
    one_of("role", Role),
    PrimaryKeyConstraint("organizer_id", "campaign_id"),
    Index("ix_membership_campaign_id", "campaign_id"),
)

# An email with a link that makes somebody a member: once, and within its time.
membership_invitation = Table(
    "membership_invitation",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id, ondelete="CASCADE"), nullable=False),
    text("email", default=None),
    text("role", default=None),
    # SHA-256 of the link's secret, which is in the email alone.
    Column("secret_hash", TEXT, nullable=False, unique=True),
    stamp("created_at"),
    moment("expires_at", nullable=False),
    one_of("role", Role),
    UniqueConstraint("campaign_id", "email"),
)

# Rows are added, and deleted when they have grown old; never changed.
audit_entry = Table(
    "audit_entry",
    METADATA,
    key(),
    stamp("at"),
    Column("organizer_id", BigInteger, ForeignKey(organizer.c.id, ondelete="SET NULL")),
    # Their email, which stays when they are gone.
    text("who"),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id, ondelete="CASCADE")),
    # What was seen or done, in words.
    text("action", default=None),
    Column("is_change", Boolean, nullable=False),
    # Numbers and names of things, never of supporters.
    text("about"),
    Index("ix_audit_entry_campaign_id", "campaign_id", "id"),
    Index("ix_audit_entry_at", "at"),
)
