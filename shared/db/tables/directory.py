"""The directory: districts, offices and who holds them, each valid from a date to a date."""

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
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.domain.places import Chamber

import_run = Table(
    "import_run",
    METADATA,
    key(),
    text("kind", default=None),
    text("jurisdiction"),
    text("source"),
    stamp("started_at"),
    moment("finished_at"),
    # Whoever ran it, as the server knows them.
    text("who"),
    # Counts and refused lines: {"new": 0, "changed": 0, "gone": 0, "refused": 0, "lines": [...]}
    Column("report", JSONB, nullable=False, server_default=sql("'{}'")),
)

district = Table(
    "district",
    METADATA,
    key(),
    text("jurisdiction", default=None),
    text("chamber", default=None),
    text("name", default=None),
    text("ocd_id", default=None),
    # Well-known binary, WGS84.
    Column("shape", LargeBinary, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("import_run_id", BigInteger, ForeignKey(import_run.c.id)),
    one_of("chamber", Chamber),
    Index("uq_district_current", "ocd_id", unique=True, postgresql_where=sql("valid_to IS NULL")),
)

office = Table(
    "office",
    METADATA,
    key(),
    text("jurisdiction", default=None),
    text("chamber", default=None),
    text("district", default=None),
    text("ocd_id", default=None),
    # Counts from 1 in a district that elects several members.
    Column("seat", Integer, nullable=False, server_default="1"),
    text("title", default=None),
    Column("is_practice", Boolean, nullable=False, server_default=sql("false")),
    # The office's own address, whoever holds it; letters take it only when an organizer releases them to it.
    text("general_email"),
    # Who holds the seat according to the last roster, while that is somebody else than we say or has other details.
    Column("roster", JSONB),
    # Until then the sweep brings letters that wait to what was changed about the office; NULL when there is nothing.
    moment("settle_until"),
    one_of("chamber", Chamber),
    UniqueConstraint("ocd_id", "seat"),
    Index("ix_office_unsettled", "id", postgresql_where=sql("settle_until IS NOT NULL")),
)

office_holder = Table(
    "office_holder",
    METADATA,
    key(),
    Column("office_id", BigInteger, ForeignKey(office.c.id), nullable=False),
    # Open States' person id, so that a holder is recognised when the next file comes.
    text("person_id"),
    text("name", default=None),
    text("given_name"),
    text("family_name"),
    text("party"),
    text("email"),
    # Tried when the first one fails; both are kept as they are until an organizer corrects them.
    text("second_email"),
    moment("email_failed_at"),
    moment("second_failed_at"),
    # A code from `shared.domain.causes`.
    text("email_failure"),
    # Every address of theirs that fails, also one that was replaced: {"pat@x.example": {"at": ..., "cause": ...}}
    Column("failed_addresses", JSONB, nullable=False, server_default=sql("'{}'")),
    text("phone"),
    text("postal_address"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("import_run_id", BigInteger, ForeignKey(import_run.c.id)),
    # The columns whose values an organizer typed: an import leaves them alone.
    Column("corrected", ARRAY(TEXT), nullable=False, server_default="{}"),
    # An organizer says that they hold the seat (or, once ended, that they do not); no roster has confirmed it yet.
    Column("is_ours", Boolean, nullable=False, server_default=sql("false")),
    Index("uq_office_holder_current", "office_id", unique=True, postgresql_where=sql("valid_to IS NULL")),
    Index("ix_office_holder_person_id", "person_id"),
    Index("ix_office_holder_office_id", "office_id"),
)

# A chamber's districts as outlines on a map of the state; drawn again when the districts it was `drawn_from` change.
drawing = Table(
    "drawing",
    METADATA,
    text("jurisdiction", default=None),
    text("chamber", default=None),
    text("drawn_from", default=None),
    Column("content", JSONB, nullable=False),
    PrimaryKeyConstraint("jurisdiction", "chamber"),
)
