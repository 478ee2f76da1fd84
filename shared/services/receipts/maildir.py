"""Reads a maildir into which a mail server delivers what comes back: each mail is kept, then moved from new to cur."""

import email.parser
import email.policy
from email.message import Message
from email.utils import parseaddr
from pathlib import Path

import structlog
from sqlalchemy import Engine

from shared.db import receipt_sources
from shared.db.engine import at_once
from shared.errors import NotAllowed
from shared.providers.inbound_mail import MOST_READ
from shared.queue.ring import Ring
from shared.services.receipts.store import keep_mail

_LOG = structlog.get_logger()
# Where mail servers write down whom the envelope was for.
_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_SEEN = ":2,S"
# Characters of a header that are looked at.
_MOST_HEADER = 10_000


def read_maildir(engine: Engine, ring: Ring, folder: Path) -> int:
    """Keeps every mail in `folder/new`, after COMMIT moves it to `folder/cur`; how many. Raises NotAllowed.

    A mail that can't be read stays where it is, for a person.
    """
    new, cur = folder / "new", folder / "cur"
    if not new.is_dir() or not cur.is_dir():
        raise NotAllowed(f"{folder} is not a maildir: it has no folder new or cur.")
    with at_once(engine) as connection:
        receipt_sources.note_maildir(connection)
    kept = 0
    for path in sorted(new.iterdir()):
        try:
            with path.open("rb") as file:
                raw = file.read(MOST_READ)
        except OSError as error:
            _LOG.error("maildir.unreadable", file=path.name, error=type(error).__name__)
            continue
        head = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(raw)
        # The null sender of reports is an empty Return-Path; without one the sender is whom the mail names.
        sender = _address(head, "Return-Path" if "Return-Path" in head else "From")
        keep_mail(engine, ring, sender=sender, recipient=_recipient(head), raw=raw)
        path.rename(cur / f"{path.name.partition(':')[0]}{_SEEN}")
        kept += 1
    return kept


def _recipient(head: Message) -> str:
    return next((found for name in _RECIPIENT_HEADERS if (found := _address(head, name))), "")


def _address(head: Message, name: str) -> str:
    return parseaddr(str(head.get(name) or "")[:_MOST_HEADER].replace("\0", ""))[1]
