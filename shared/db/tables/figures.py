"""The figures as they were counted last, for all processes: counting a million letters takes a while."""

from sqlalchemy import CheckConstraint, Column, Double, SmallInteger, Table
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import METADATA, stamp

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
