"""Signs of life (`shared.domain.signs_of_life`): which letters got one, how many of a mailbox's, and silent domains."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, PrimaryKeyConstraint, Table
from sqlalchemy.dialects.postgresql import TEXT

from shared.db.tables.base import METADATA, stamp
from shared.db.tables.campaigns import campaign
from shared.db.tables.letters import letter

# Written with the first sign of a letter; an answer is noted at the letter itself.
sign_of_life = Table(
    "sign_of_life",
    METADATA,
    Column("letter_id", BigInteger, ForeignKey(letter.c.id, ondelete="CASCADE"), primary_key=True),
    stamp("at"),
)

# Letters that left within a few hours; written once, when their time for a sign of life is over.
sign_count = Table(
    "sign_count",
    METADATA,
    Column("receiving_domain", TEXT, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("mailbox", TEXT, nullable=False),
    Column("campaign_id", BigInteger, ForeignKey(campaign.c.id, ondelete="CASCADE"), nullable=False),
    Column("letters", Integer, nullable=False),
    Column("with_sign", Integer, nullable=False),
    PrimaryKeyConstraint("receiving_domain", "since", "mailbox", "campaign_id"),
)

# Domains whose signs of life have collapsed, and the letters since then.
silent_domain = Table(
    "silent_domain",
    METADATA,
    Column("receiving_domain", TEXT, primary_key=True),
    stamp("raised_at"),
    Column("began", DateTime(timezone=True), nullable=False),
    Column("letters", Integer, nullable=False),
    Column("with_sign", Integer, nullable=False),
    Column("due", Integer, nullable=False),
)
