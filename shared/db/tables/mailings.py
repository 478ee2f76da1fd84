"""One email for each person of a campaign, prepared in batches: how far each mailing is."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.domain.mailings import MailingState

mailing = Table(
    "mailing",
    METADATA,
    key(),
    Column("campaign_id", BigInteger, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    # NULL for the news that the campaign was won.
    Column("update_id", BigInteger, ForeignKey("campaign_update.id", ondelete="CASCADE")),
    # Those who agreed to hear from it; empty for all who wrote.
    text("organization"),
    # Of all who wrote, only those who agreed to hear more.
    Column("only_consented", Boolean, nullable=False, server_default="false"),
    # The emails that each person gets: kind, number, delay_s, needs.
    Column("steps", JSONB, nullable=False),
    # The newest submission when it was decided. People who write later are not part of it.
    Column("until_id", BigInteger, nullable=False),
    text("state", default=MailingState.RUNNING.value),
    # NULL until they are counted.
    Column("people", Integer),
    Column("prepared", Integer, nullable=False, server_default="0"),
    # The email hash of the last person that was looked at.
    text("reached"),
    # Failures in a row; the next try is due later each time.
    Column("failures", Integer, nullable=False, server_default="0"),
    text("actor", default=None),
    stamp("began_at"),
    stamp("due_at"),
    moment("ended_at"),
    one_of("state", MailingState),
    Index("ix_mailing_campaign_id", "campaign_id", "id"),
    Index("uq_mailing_update_id", "update_id", unique=True, postgresql_where=sql("update_id IS NOT NULL")),
    Index("ix_mailing_running", "due_at", postgresql_where=sql("state = 'running'")),
)
