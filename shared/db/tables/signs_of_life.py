"""How many of the letters that receiving domains accepted got a sign of life (`shared.domain.signs_of_life`)."""

from sqlalchemy import Column, DateTime, Integer, PrimaryKeyConstraint, Table
from sqlalchemy.dialects.postgresql import TEXT

from shared.db.tables.base import METADATA, stamp

# Letters that left within one hour; written once, when their time for a sign of life is over.
sign_of_life = Table(
    "sign_of_life",
    METADATA,
    Column("receiving_domain", TEXT, nullable=False),
    Column("hour", DateTime(timezone=True), nullable=False),
    Column("letters", Integer, nullable=False),
    Column("with_sign", Integer, nullable=False),
    PrimaryKeyConstraint("receiving_domain", "hour"),
)

# Domains whose signs of life have collapsed: their latest letters, and those before.
silent_domain = Table(
    "silent_domain",
    METADATA,
    Column("receiving_domain", TEXT, primary_key=True),
    stamp("since"),
    Column("letters", Integer, nullable=False),
    Column("with_sign", Integer, nullable=False),
    Column("letters_before", Integer, nullable=False),
    Column("with_sign_before", Integer, nullable=False),
)
