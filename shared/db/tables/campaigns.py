"""Campaigns: what queries need as columns, what only pages and letters need in `content`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.domain.editions import EditionKind
from shared.domain.states import CampaignState

campaign = Table(
    "campaign",
    METADATA,
    key(),
    Column("slug", TEXT, nullable=False, unique=True),
    text("title", default=None),
    text("state", default=CampaignState.DRAFT.value),
    text("jurisdiction", default=None),
    Column("chambers", ARRAY(TEXT), nullable=False),
    # `shared.domain.campaigns.Campaign` without the columns beside it.
    Column("content", JSONB, nullable=False),
    moment("deadline"),
    moment("deliver_by"),
    Column("undo_minutes", Integer, nullable=False, server_default="10"),
    # Names the texts that supporters read now: moves on only when letters or consents do (`shared.db.editions`).
    Column("edition_id", BigInteger, ForeignKey("campaign_edition.id", ondelete="SET NULL", use_alter=True)),
    moment("published_at"),
    # By whom and when its state was changed last; NULL and empty for changes before this was kept.
    moment("state_changed_at"),
    text("state_changed_by"),
    # The last moment at which a pause or office hours kept its letters from leaving, as far as a sweep saw it.
    moment("blocked_at"),
    stamp("created_at"),
    stamp("updated_at"),
    one_of("state", CampaignState),
)

# Apart from the campaign, which is read far more often than its picture.
campaign_logo = Table(
    "campaign_logo",
    METADATA,
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    text("version", default=None),
    Column("image", LargeBinary, nullable=False),
)

# What an organizer has changed since the campaign was published last: the whole campaign, as `to_document` gives it.
campaign_draft = Table(
    "campaign_draft",
    METADATA,
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("content", JSONB, nullable=False),
    # The picture, when the draft's logo is not the published one.
    Column("logo", LargeBinary),
    text("saved_by", default=None),
    stamp("saved_at"),
    # The mark of the letters that were tested.
    text("tested"),
)

# What supporters could read, what test pages showed, and what was thrown away: nothing that somebody wrote is lost.
campaign_edition = Table(
    "campaign_edition",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    text("kind", default=None),
    Column("content", JSONB, nullable=False),
    Column("logo", LargeBinary),
    text("made_by", default=None),
    stamp("made_at"),
    one_of("kind", EditionKind),
    Index("ix_campaign_edition_campaign_id", "campaign_id", "made_at"),
)

# Links that open a campaign's pages before it is published. The link itself is shown once and not kept.
campaign_preview = Table(
    "campaign_preview",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    # SHA-256 of the link's token.
    Column("token_hash", TEXT, nullable=False, unique=True),
    text("created_by", default=None),
    stamp("created_at"),
    Index("ix_campaign_preview_campaign_id", "campaign_id"),
)
