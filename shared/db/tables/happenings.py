"""What happened to a campaign, and to what it needs, at which moment: the marks in the chart of its letters."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from shared.db.tables.base import METADATA, key, one_of, stamp, text
from shared.db.tables.campaigns import campaign
from shared.domain.happenings import Happening

happening = Table(
    "happening",
    METADATA,
    key(),
    stamp("at"),
    # NULL: it was about all of them.
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id, ondelete="CASCADE")),
    text("kind", default=None),
    # The mail domain, where it was about one.
    text("about"),
    one_of("kind", Happening),
    Index("ix_happening_campaign_id", "campaign_id", "at"),
)
