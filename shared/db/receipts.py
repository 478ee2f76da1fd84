"""Reads and writes receipts: what came back, raw, and what each came to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import receipt
from shared.domain.causes import Cause
from shared.domain.identities import Mark
from shared.domain.receipts import News, ReceiptOutcome, ReceiptSource

_DUE = (receipt.c.outcome == ReceiptOutcome.WAITING.value, receipt.c.due_at <= func.now())
_BY_RELAY_ID = {
    table: text(f"SELECT id FROM {table} WHERE relay_id <> '' AND relay_id = ANY(:marks) LIMIT 1")  # noqa: S608 - names only
    for table in ("letter", "follow_up")
}
_FORGET = text(
    "UPDATE receipt SET raw = '', envelope_sender = '' WHERE received_at < now() - make_interval(days => :days)"
    " AND (raw <> '' OR envelope_sender <> '')"
)


@dataclass(frozen=True)
class Finding:
    """What a receipt came to, and the one email that it is about."""

    outcome: ReceiptOutcome
    news: News = News.OTHER
    cause: Cause = Cause.NONE
    letter_id: int | None = None
    follow_up_id: int | None = None


def insert_receipt(
    connection: Connection,
    source: ReceiptSource,
    event_id: str,
    raw: bytes,
    *,
    sender: str = "",
    recipient: str = "",
    token: str = "",
) -> bool:
    """Keeps it as it came; False when it, or its token, is known already."""
    values = {
        "source": source.value,
        "event_id": event_id,
        "raw": raw,
        "token": token,
        "envelope_sender": sender,
        "envelope_recipient": recipient,
    }
    statement = insert(receipt).values(values).on_conflict_do_nothing().returning(receipt.c.id)
    return connection.execute(statement).one_or_none() is not None


def is_spent(connection: Connection, source: ReceiptSource, token: str, event_id: str) -> bool:
    """True when another event came with this token."""
    known = receipt.c
    others = select(known.id).where(known.source == source.value, known.token == token, known.event_id != event_id)
    return bool(token) and bool(connection.execute(select(others.exists())).scalar_one())


def lock_due(connection: Connection, limit: int) -> list[RowMapping]:
    """Receipts that have not been applied, oldest first, locked until COMMIT."""
    query = select(receipt).where(*_DUE).order_by(receipt.c.due_at, receipt.c.id).limit(limit)
    return list(connection.execute(query.with_for_update(key_share=True, skip_locked=True)).mappings())


def receipts_are_due(connection: Connection) -> bool:
    """True when a sweep should ring for receipts."""
    return bool(connection.execute(select(select(receipt.c.id).where(*_DUE).exists())).scalar_one())


def write_finding(connection: Connection, receipt_id: int, finding: Finding) -> None:
    """It is done."""
    values = {
        "outcome": finding.outcome.value,
        "news": finding.news.value,
        "cause": finding.cause.value,
        "letter_id": finding.letter_id,
        "follow_up_id": finding.follow_up_id,
        "applied_at": func.now(),
    }
    connection.execute(update(receipt).where(receipt.c.id == receipt_id).values(values))


def shorten_raw(connection: Connection, receipt_id: int, most: int) -> None:
    """Keeps the first bytes only."""
    shorter = func.substr(receipt.c.raw, 1, most)
    connection.execute(update(receipt).where(receipt.c.id == receipt_id).values(raw=shorter))


def put_off(connection: Connection, receipt_id: int, seconds: float) -> None:
    """It comes too early, or could not be applied: again later."""
    values = {"due_at": func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds), "tries": receipt.c.tries + 1}
    connection.execute(update(receipt).where(receipt.c.id == receipt_id).values(values))


def find_by_relay_id(connection: Connection, marks: Sequence[str]) -> Mark | None:
    """The email by the name that a relay gave to it when it last left."""
    for table, query in _BY_RELAY_ID.items():
        found = connection.execute(query, {"marks": list(marks)}).scalar_one_or_none()
        if found is not None:
            return Mark(table, int(found))
    return None


def read_receipts(connection: Connection, numbers: Collection[int]) -> list[RowMapping]:
    """Receipts by number, whole."""
    return list(connection.execute(select(receipt).where(receipt.c.id.in_(numbers))).mappings())


def forget_raw(connection: Connection, days: int) -> int:
    """What came as mail or event holds personal data: only what it came to is kept for longer. Returns how many."""
    return connection.execute(_FORGET, {"days": days}).rowcount
