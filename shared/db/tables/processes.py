"""The processes that run now, one row each."""

from sqlalchemy import Column, Integer, Table
from sqlalchemy.dialects.postgresql import JSONB, TEXT

from shared.db.tables.base import METADATA, one_of, stamp, text
from shared.domain.running import ProcessKind

process_heartbeat = Table(
    "process_heartbeat",
    METADATA,
    # Random: a process id comes back on a machine, and after a restart.
    Column("id", TEXT, primary_key=True),
    text("kind", default=None),
    text("host", default=None),
    Column("pid", Integer, nullable=False),
    text("version"),
    stamp("started_at"),
    stamp("beat_at"),
    # The environment's mail relay without user and password; empty when it names none.
    text("relay"),
    text("mail_route"),
    text("public_url"),
    text("mail_domain"),
    # Keyed hashes of settings by environment variable.
    Column("fingerprints", JSONB, nullable=False, server_default="{}"),
    one_of("kind", ProcessKind),
)
