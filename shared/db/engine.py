"""The database engine. One a process, built in a composition root and handed down."""

from sqlalchemy import Engine, create_engine

# Long enough for a slow query, short enough that a dead connection is noticed.
STATEMENT_TIMEOUT_MS = 30_000
# A process that hangs within a transaction loses its locks after this long.
IDLE_TRANSACTION_TIMEOUT_MS = 60_000


def make_engine(database_url: str, *, pool_size: int = 5) -> Engine:
    """An engine on psycopg 3 for a postgresql:// URL; times are UTC, connections are checked before use."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    options += f" -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_TIMEOUT_MS}"
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        # An exception's text must not quote what a person typed.
        hide_parameters=True,
        connect_args={"connect_timeout": 10, "options": options},
    )
