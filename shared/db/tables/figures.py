"""The figures as they were counted last, for all processes: counting a million letters takes a while."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Double, ForeignKey, SmallInteger, Table
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import METADATA, stamp
from shared.db.tables.campaigns import campaign

snapshot = Table(
    "snapshot",
    METADATA,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    stamp("taken_at"),
    # Seconds that the counting took.
    Column("took_s", Double, nullable=False),
    # `shared.domain.figures.Figures` without its time.
    Column("figures", JSONB, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)

# One row for each campaign, counted with the snapshot: what its pictures show.
tally = Table(
    "tally",
    METADATA,
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id, ondelete="CASCADE"), primary_key=True),
    # {office: {state: letters}}, {kind: {second: letters}}, [[transport, domain, letters, second]], as
    # `shared.domain.tallies` explains.
    Column("offices", JSONB, nullable=False),
    Column("times", JSONB, nullable=False),
    Column("waiting", JSONB, nullable=False),
)
