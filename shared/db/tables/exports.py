"""Exports and the pieces that their files are made of. A file lives here, since pages and workers may share no disk."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.domain.exports import ExportKind, ExportReason, ExportState
from shared.domain.states import LetterState

export = Table(
    "export",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    text("kind", default=None),
    text("state", default=ExportState.WAITING.value),
    text("reason"),
    # What was asked for.
    Column("letter_state", TEXT),
    Column("office_id", BigInteger, ForeignKey("office.id", ondelete="CASCADE")),
    Column("first_day", Date),
    Column("last_day", Date),
    # An organizer's email.
    text("asked_by", default=None),
    stamp("asked_at"),
    # Rises with every claim, and with every erasure that may concern what is being read; both fence writes.
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("erasures", Integer, nullable=False, server_default="0"),
    # Workers that were lost with the same piece.
    Column("crash_count", Integer, nullable=False, server_default="0"),
    moment("lease_until"),
    moment("served_at"),
    # Its pieces are known.
    moment("planned_at"),
    # Practice letters are printed only where there are no others.
    Column("is_test", Boolean),
    Column("rows", BigInteger, nullable=False, server_default="0"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    moment("ended_at"),
    moment("expires_at"),
    one_of("kind", ExportKind),
    one_of("state", ExportState),
    one_of("reason", ExportReason),
    one_of("letter_state", LetterState),
    Index("ix_export_campaign", "campaign_id", "id"),
    Index("ix_export_live", "state", postgresql_where=sql("state IN ('waiting', 'making', 'ready')")),
)

# A part of a file that is read, written and stored in one go; all of them in their order are the file.
export_piece = Table(
    "export_piece",
    METADATA,
    Column("export_id", BigInteger, ForeignKey(export.c.id, ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    # The letters, or consents, that it is made of.
    Column("ids", ARRAY(BigInteger), nullable=False),
    # Of a bundle: the office, and which of its files this is.
    Column("office_id", BigInteger),
    Column("part", Integer, nullable=False, server_default="1"),
    Column("parts", Integer, nullable=False, server_default="1"),
    # The moment before those were read; NULL until it is made.
    moment("read_at"),
    text("name"),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("data", LargeBinary),
    PrimaryKeyConstraint("export_id", "number"),
)
