"""What all workers share about delivery: the pace of each receiving domain, and this installation's own switches."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from shared.db.tables.base import METADATA, key, moment, one_of, stamp, text
from shared.domain.pace import FIRST_CONNECTIONS
from shared.domain.relay_state import USUAL_MAX_CONNECTIONS
from shared.domain.relays import Security
from shared.domain.transport import MailServer

# One row for each domain that a letter was ever addressed to, locked by a claim for as long as it takes.
domain_pace = Table(
    "domain_pace",
    METADATA,
    Column("transport", TEXT, nullable=False),
    Column("receiving_domain", TEXT, nullable=False),
    # NULL: as fast as the server takes them. The lower one of an organizer's rate and of what was learned from a run of
    # refusals.
    Column("rate_per_hour", Integer),
    # The organizer's.
    Column("own_rate_per_hour", Integer),
    Column("tokens", Double, nullable=False, server_default="1"),
    stamp("refilled_at"),
    Column("connections", Integer, nullable=False, server_default=str(FIRST_CONNECTIONS)),
    Column("seconds_per_letter", Double, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    # The breaker: nobody talks to the domain until then, for this cause.
    moment("open_until"),
    text("open_cause"),
    # The server's own words, when it held the domain by refusing letters.
    text("open_reply"),
    # So many letters may still leave before the domain has proved itself; NULL: any number. Counted from `allowed_at`.
    Column("allowance", Integer),
    moment("allowed_at"),
    # The size of the trial after a run of refusals; 0: none is under way.
    Column("trial", Integer, nullable=False, server_default="0"),
    # When a run of refusals last held the domain.
    moment("held_at"),
    # When its present trial was given to it.
    moment("trial_at"),
    # Refusals are among its last answers, so that answers are kept.
    Column("is_watched", Boolean, nullable=False, server_default="false"),
    moment("served_at"),
    # The last moment at which a rate or the breaker kept letters from leaving, as far as a sweep saw it.
    moment("blocked_at"),
    PrimaryKeyConstraint("transport", "receiving_domain"),
)

# One row for each mailbox that letters left for: how many within the hour that began then. `most` is its own limit
# while it is tried after it refused everything; NULL: the installation's.
mailbox_pace = Table(
    "mailbox_pace",
    METADATA,
    Column("mailbox", TEXT, primary_key=True),
    stamp("hour_began_at"),
    Column("taken", Integer, nullable=False),
    Column("most", Integer),
    # When it was last held.
    moment("held_at"),
)

# The last answers of domains that have refused letters, in the order in which we learned them.
domain_answer = Table(
    "domain_answer",
    METADATA,
    key(),
    Column("transport", TEXT, nullable=False),
    Column("receiving_domain", TEXT, nullable=False),
    text("mailbox", default=None),
    Column("letter_id", BigInteger, ForeignKey("letter.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    stamp("answered_at"),
    # When the letter was claimed, for a refusal that was reported later; NULL for a reply.
    moment("claimed_at"),
    Column("is_refusal", Boolean, nullable=False),
    # A refusal that may be part of a run.
    Column("is_counted", Boolean, nullable=False),
    # The refusal proves that the domain has no copy of the letter.
    Column("has_no_copy", Boolean, nullable=False),
    # The letter was refused in a run and is queued again by the next sweep.
    Column("goes_back", Boolean, nullable=False, server_default="false"),
    Index("ix_domain_answer_domain", "transport", "receiving_domain", "id"),
    Index("ix_domain_answer_letter_id", "letter_id"),
    Index("ix_domain_answer_goes_back", "id", postgresql_where=sql("goes_back")),
)

# One row for each mail server behind the transports, locked only while a connection is admitted, tokens are taken or a
# break begins or ends. Without a row everything is as usual.
relay_state = Table(
    "relay_state",
    METADATA,
    Column("server", TEXT, primary_key=True),
    Column("max_connections", Integer, nullable=False, server_default=str(USUAL_MAX_CONNECTIONS)),
    # The ceiling that the server's "too many connections" taught us; NULL: none.
    Column("learned_connections", Integer),
    moment("learned_at"),
    # NULL: as fast as the server takes mail.
    Column("rate_per_hour", Integer),
    Column("tokens", Double, nullable=False, server_default="1"),
    stamp("refilled_at"),
    # Raised by each break, so that a break counts once.
    Column("epoch", Integer, nullable=False, server_default="0"),
    # Breaks in a row; 0 while mail leaves.
    Column("failures", Integer, nullable=False, server_default="0"),
    moment("open_until"),
    text("open_cause"),
    # The connection that probes; only while it is among `delivery_connection`.
    text("probe"),
    one_of("server", MailServer),
)

# One row for each SMTP connection that a worker holds, under the name that its claims carry in `worker`. The worker
# renews `beat_at`; a connection without a recent heartbeat is taken to be gone, with its worker or its host.
delivery_connection = Table(
    "delivery_connection",
    METADATA,
    Column("name", TEXT, primary_key=True),
    text("transport", default=None),
    text("host", default=None),
    stamp("opened_at"),
    stamp("beat_at"),
    Index("ix_delivery_connection_transport", "transport", "beat_at"),
)

# One row: which database this is, and whether anything may leave at all.
installation = Table(
    "installation",
    METADATA,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    # PostgreSQL's own, to notice that a backup was restored.
    text("system_identifier"),
    Column("timeline", Integer, nullable=False, server_default="0"),
    # An organizer paused all campaigns at once.
    Column("is_paused", Boolean, nullable=False, server_default="false"),
    # Why everything is held until a person decides; empty when nothing is.
    text("hold_reason"),
    moment("held_at"),
    # A random name for the database, and one more for each time that a person accepted it after a restore.
    Column("lineages", ARRAY(TEXT), nullable=False, server_default="{}"),
    # PostgreSQL's number for this table: restoring a dump gives it another one.
    Column("table_oid", BigInteger, nullable=False, server_default="0"),
    # About when the backup was made that everything is held for; NULL when nobody can tell.
    moment("backup_at"),
    # Letters that were accepted before then may have left before the last restore.
    moment("doubtful_until"),
    # A keyed hash that tells the secret key from another one and says nothing about it.
    text("key_fingerprint"),
    # The last sweep, and the last moment at which nothing could leave: paused, held, or nothing ran.
    moment("swept_at"),
    moment("blocked_at"),
    # Letters that left before then were looked at for signs of life.
    moment("signs_counted_until"),
    CheckConstraint("id = 1", name="only_one"),
)

# How often each host has claimed or swept: a row that is behind the host's own marker was restored from a backup.
generation = Table(
    "generation",
    METADATA,
    Column("host", TEXT, primary_key=True),
    Column("number", BigInteger, nullable=False),
    stamp("advanced_at"),
)

# After a restore: which waiting letters and emails a host's ledger says have left. Empty otherwise.
departure = Table(
    "departure",
    METADATA,
    Column("kind", TEXT, nullable=False),
    Column("row_id", BigInteger, nullable=False),
    moment("left_at", nullable=False),
    PrimaryKeyConstraint("kind", "row_id"),
)

# At most one row: the relay that was entered in the console. One in the environment goes before it.
mail_relay = Table(
    "mail_relay",
    METADATA,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    text("host", default=None),
    Column("port", Integer, nullable=False),
    text("security", default=None),
    text("username"),
    # Encrypted, see `shared.services.secrets_at_rest`.
    text("sealed_password"),
    stamp("changed_at"),
    text("changed_by"),
    CheckConstraint("id = 1", name="only_one"),
    one_of("security", Security),
)

# What DNS said about a sender domain when it was last asked, and who went on in spite of it.
sender_check = Table(
    "sender_check",
    METADATA,
    Column("mail_domain", TEXT, primary_key=True),
    # Names of DKIM keys, separated by spaces; empty while nobody has named any.
    text("selectors"),
    Column("findings", JSONB),
    moment("checked_at"),
    text("checked_by"),
    # Of the faults that were accepted.
    text("accepted_mark"),
    text("accepted_by"),
    moment("accepted_at"),
)
