"""The local mailbox: stores what its SMTP listener receives, and reads it back for organizers."""

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage

from sqlalchemy import Engine, delete, func, insert, or_, select

from shared.db.tables import mailbox_message
from shared.errors import NotFound

PAGE_SIZE = 50
# The mailbox is for looking at test mail, not an archive.
KEEP_FOR = timedelta(days=30)


@dataclass(frozen=True)
class MessageRow:
    """One message in the list."""

    id: int
    received_at: datetime
    sender: str
    recipient: str
    subject: str


@dataclass(frozen=True)
class MessagePage:
    """One page of messages, newest first; `page` counts from 1."""

    rows: tuple[MessageRow, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class MailboxMessage:
    """One message, decoded; `raw` is what came over SMTP."""

    id: int
    received_at: datetime
    recipient: str
    envelope_sender: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    raw: bytes

    @property
    def subject(self) -> str:
        """The decoded Subject, empty when there is none."""
        return next((value for name, value in self.headers if name.lower() == "subject"), "")


def store_message(engine: Engine, *, sender: str, recipient: str, raw: bytes) -> int:
    """Keeps one received message for one recipient; returns its number after COMMIT."""
    message = _parse(raw)
    values = {
        "envelope_sender": sender,
        "recipient": recipient,
        "subject": _header(message, "subject"),
        "from_header": _header(message, "from"),
        "message_id": str(message.get("Message-ID", "")),
        "raw": raw,
    }
    with engine.begin() as connection:
        query = insert(mailbox_message).values(values).returning(mailbox_message.c.id)
        return int(connection.execute(query).scalar_one())


def list_messages(engine: Engine, *, search: str = "", page: int = 1) -> MessagePage:
    """A page of messages; `search` looks in recipient, sender and subject."""
    columns = mailbox_message.c
    query = select(columns.id, columns.received_at, columns.from_header, columns.recipient, columns.subject)
    counted = select(func.count()).select_from(mailbox_message)
    if search.strip():
        pattern = "%" + search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found = or_(*(field.ilike(pattern) for field in (columns.recipient, columns.from_header, columns.subject)))
        query, counted = query.where(found), counted.where(found)
    with engine.connect() as connection:
        total = connection.execute(counted).scalar_one()
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(max(page, 1), pages)
        query = query.order_by(columns.id.desc()).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
        rows = tuple(MessageRow(*row) for row in connection.execute(query))
    return MessagePage(rows, total, page, pages)


def read_message(engine: Engine, message_id: int) -> MailboxMessage:
    """One message, decoded; raises NotFound."""
    with engine.connect() as connection:
        query = select(mailbox_message).where(mailbox_message.c.id == message_id)
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such message in the local mailbox.")
    message = _parse(row["raw"])
    return MailboxMessage(
        id=row["id"],
        received_at=row["received_at"],
        recipient=row["recipient"],
        envelope_sender=row["envelope_sender"],
        headers=tuple((name, header_words(str(value))) for name, value in message.raw_items()),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        raw=row["raw"],
    )


def header_words(raw: str) -> str:
    """A header as mail programs show it. The pieces of a long encoded name belong together."""
    line = re.sub(r"\r?\n(?=[ \t])", "", raw).strip()
    try:
        return str(make_header(decode_header(line)))
    except (LookupError, ValueError, MessageError):
        return line


def delete_old_messages(engine: Engine) -> int:
    """Forgets messages older than the mailbox keeps them; returns how many."""
    with engine.begin() as connection:
        old = mailbox_message.c.received_at < func.now() - KEEP_FOR
        return connection.execute(delete(mailbox_message).where(old)).rowcount


def _parse(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)


def _header(message: EmailMessage, wanted: str) -> str:
    return next((header_words(str(raw)) for name, raw in message.raw_items() if name.lower() == wanted), "")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
