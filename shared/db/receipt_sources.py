"""What is known of each source of receipts beside what it brought."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import receipt_source
from shared.domain.receipts import ReceiptSource

# Of a maildir: `dearrep inbox read` runs again and again.
_READ_WITHIN = timedelta(days=7)


def note_maildir(connection: Connection) -> None:
    """A maildir is being read."""
    _note(connection, ReceiptSource.MAIL, read_at=func.now())


def reads_maildir(connection: Connection) -> bool:
    """True when a maildir was read lately."""
    lately = receipt_source.c.read_at > func.now() - _READ_WITHIN
    return bool(connection.scalar(select(exists().where(receipt_source.c.source == ReceiptSource.MAIL.value, lately))))


def note_wrong_clock(connection: Connection, source: ReceiptSource, ahead_s: float) -> None:
    """A genuine post was signed so many seconds in the future."""
    _note(connection, source, clock_wrong_at=func.now(), clock_ahead_s=round(ahead_s))


def wrong_clocks(connection: Connection, within: timedelta) -> Sequence[tuple[ReceiptSource, datetime, int]]:
    """The sources whose clock differed from ours lately: when last, and by how many seconds it was ahead."""
    columns = receipt_source.c
    query = select(columns.source, columns.clock_wrong_at, columns.clock_ahead_s)
    rows = connection.execute(query.where(columns.clock_wrong_at > func.now() - within).order_by(columns.source))
    return [(ReceiptSource(source), at, ahead_s) for source, at, ahead_s in rows]


def _note(connection: Connection, source: ReceiptSource, **values: object) -> None:
    statement = insert(receipt_source).values(source=source.value, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))
