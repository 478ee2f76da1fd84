"""Letters as they were before they followed their office: what an undo brings back, and whom an email names."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import METADATA, key, stamp
from shared.db.tables.letters import letter
from shared.db.tables.office_changes import office_change

letter_revision = Table(
    "letter_revision",
    METADATA,
    key(),
    Column("letter_id", BigInteger, ForeignKey(letter.c.id, ondelete="CASCADE"), nullable=False),
    # The organizer's change that the letter followed; NULL for an import.
    Column("office_change_id", BigInteger, ForeignKey(office_change.c.id, ondelete="SET NULL")),
    stamp("made_at"),
    # Columns of the letter before it moved, its words included, and after it.
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Index("ix_letter_revision_letter_id", "letter_id", "id"),
    Index(
        "ix_letter_revision_office_change_id",
        "office_change_id",
        "letter_id",
        postgresql_where=sql("office_change_id IS NOT NULL"),
    ),
)
