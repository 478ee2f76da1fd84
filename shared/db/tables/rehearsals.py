"""Launch rehearsals: asked for by an organizer, run by a worker, their reports kept to compare."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.domain.rehearsals import RehearsalState

rehearsal = Table(
    "rehearsal",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    text("state", default=RehearsalState.WAITING.value),
    text("actor"),
    stamp("asked_at"),
    # The campaign as it was when the run began, by its date of change.
    moment("campaign_updated_at"),
    moment("finished_at"),
    # Rises with every claim and fences the last write.
    Column("attempt", Integer, nullable=False, server_default="0"),
    moment("lease_until"),
    # Supporters that were run, and how many there are.
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("report", JSONB),
    one_of("state", RehearsalState),
    Index("ix_rehearsal_campaign", "campaign_id", "id"),
    Index(
        "uq_rehearsal_unfinished",
        "campaign_id",
        unique=True,
        postgresql_where=sql("state IN ('waiting', 'running')"),
    ),
)
