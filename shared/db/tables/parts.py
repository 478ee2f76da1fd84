"""Parts of the sweep and of tidying that failed when they last ran."""

from sqlalchemy import Column, Integer, Table
from sqlalchemy.dialects.postgresql import TEXT

from shared.db.tables.base import METADATA, stamp, text

# One row for each part that failed; it goes when the part succeeds.
failing_part = Table(
    "failing_part",
    METADATA,
    Column("part", TEXT, primary_key=True),
    stamp("since"),
    stamp("failed_at"),
    Column("failures", Integer, nullable=False, server_default="1"),
    # The type only: a text could quote a row.
    text("error", default=None),
)
