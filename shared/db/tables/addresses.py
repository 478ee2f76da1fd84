"""Streets, address points and street ranges: what turns an address into coordinates without asking anyone else.

Kept narrow, because a state has millions of points: the names are on `street`, the points carry numbers only.
"""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
)

from shared.db.tables.base import METADATA, key, stamp, text

# One imported file; importing a file of the same name again replaces its rows.
address_source = Table(
    "address_source",
    METADATA,
    Column("id", SmallInteger, Identity(), primary_key=True),
    text("jurisdiction", default=None),
    text("kind", default=None),
    text("name", default=None),
    stamp("imported_at"),
    UniqueConstraint("jurisdiction", "kind", "name"),
)

street = Table(
    "street",
    METADATA,
    Column("id", Integer, Identity(), primary_key=True),
    text("jurisdiction", default=None),
    # Made by `shared.domain.street_names`; names beside them as the file spells them.
    text("street_key", default=None),
    text("city_key"),
    text("zip"),
    text("name"),
    text("city"),
    UniqueConstraint("jurisdiction", "street_key", "city_key", "zip"),
    Index("ix_street_zip", "jurisdiction", "zip"),
    Index("ix_street_city", "jurisdiction", "city_key"),
)

address_point = Table(
    "address_point",
    METADATA,
    Column("street_id", Integer, ForeignKey(street.c.id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("source_id", SmallInteger, ForeignKey(address_source.c.id), nullable=False),
    Column("lat", Double, nullable=False),
    Column("lon", Double, nullable=False),
    # `a` of 12A, `1/2`; empty for nearly all.
    text("suffix"),
    Index("ix_address_point_street_number", "street_id", "number"),
    Index("ix_address_point_source", "source_id"),
)

street_range = Table(
    "street_range",
    METADATA,
    key(),
    Column("street_id", Integer, ForeignKey(street.c.id), nullable=False),
    Column("source_id", SmallInteger, ForeignKey(address_source.c.id), nullable=False),
    # House numbers at the start and at the end of the line; the first may be the larger one.
    Column("number_from", Integer, nullable=False),
    Column("number_to", Integer, nullable=False),
    # 0 even, 1 odd, 2 both; and the side seen along the line: L or R.
    Column("parity", SmallInteger, nullable=False),
    text("side", default=None),
    # Well-known binary, WGS84.
    Column("line", LargeBinary, nullable=False),
    Index("ix_street_range_street", "street_id"),
    Index("ix_street_range_source", "source_id"),
)
