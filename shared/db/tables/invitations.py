"""Drafts that organizers prepared for people they know, and whether their personal link was opened."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table

from shared.db.tables.base import METADATA, moment, stamp
from shared.db.tables.submissions import submission

invitation = Table(
    "invitation",
    METADATA,
    Column("submission_id", BigInteger, ForeignKey(submission.c.id, ondelete="CASCADE"), primary_key=True),
    stamp("created_at"),
    # By the first browser. Another one is asked who it is.
    moment("opened_at"),
    # Email addresses that other browsers tried since `guessed_since`, at most a day ago.
    Column("guesses", Integer, nullable=False, server_default="0"),
    moment("guessed_since"),
)
