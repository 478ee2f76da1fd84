"""What people decided about offices, and what imports changed: rows to read, to undo, and to carry out on their day."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import METADATA, key, one_of, stamp, text
from shared.db.tables.directory import import_run, office
from shared.db.tables.organizers import organizer
from shared.domain.office_changes import ChangeKind, ChangeState, ImportChangeKind

office_change = Table(
    "office_change",
    METADATA,
    key(),
    Column("office_id", BigInteger, ForeignKey(office.c.id, ondelete="CASCADE"), nullable=False),
    text("kind", default=None),
    # The day from which it counts, in the office's own state.
    Column("on_date", Date, nullable=False),
    text("state", default=None),
    stamp("made_at"),
    # When it came into this state.
    stamp("moved_at"),
    Column("organizer_id", BigInteger, ForeignKey(organizer.c.id, ondelete="SET NULL")),
    # Their email, which stays when they are gone; or the command line.
    text("who"),
    text("reason"),
    # What was typed.
    Column("details", JSONB, nullable=False, server_default=sql("'{}'")),
    # The seat with all its holders, so that undoing can compare and bring it back.
    Column("before", JSONB),
    Column("after", JSONB),
    one_of("kind", ChangeKind),
    one_of("state", ChangeState),
    Index("ix_office_change_office_id", "office_id", "id"),
    Index("ix_office_change_moved_at", "moved_at"),
    Index("ix_office_change_planned", "on_date", postgresql_where=sql("state = 'planned'")),
)

import_change = Table(
    "import_change",
    METADATA,
    key(),
    Column("import_run_id", BigInteger, ForeignKey(import_run.c.id, ondelete="CASCADE"), nullable=False),
    Column("office_id", BigInteger, ForeignKey(office.c.id, ondelete="SET NULL")),
    text("kind", default=None),
    text("chamber", default=None),
    text("district", default=None),
    # Which detail; empty for a whole seat or district.
    text("field"),
    text("old"),
    text("new"),
    one_of("kind", ImportChangeKind),
    Index("ix_import_change_import_run_id", "import_run_id", "id"),
)
