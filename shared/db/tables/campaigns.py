"""Campaigns: what queries need as columns, what only pages and letters need in `content`."""

from sqlalchemy import Column, Integer, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
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
    moment("published_at"),
    stamp("created_at"),
    stamp("updated_at"),
    one_of("state", CampaignState),
)
