"""Takes in what comes back: verified, kept raw under its own name, and rung for. Nothing is understood here yet."""

import email.parser
import email.policy
from collections.abc import Mapping
from hashlib import sha256

import structlog
from sqlalchemy import Connection, Engine

from shared.db import receipt_sources, receipts
from shared.db.engine import at_once
from shared.domain.receipts import ReceiptSource, storable_line
from shared.errors import NotFound, SignedInFuture, WebhookRefused
from shared.providers.inbound_mail import MOST_READ
from shared.providers.webhooks import Event, make_webhook
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.receipts.strays import is_ours
from shared.settings import Settings, read_webhooks

_LOG = structlog.get_logger()
# Longer than any path of RFC 5321.
_MOST_ADDRESS = 1_000


def keep_webhook(
    engine: Engine, ring: Ring, settings: Settings, source: ReceiptSource, headers: Mapping[str, str], body: bytes
) -> int:
    """Keeps the events of one post, after COMMIT; how many were new.

    Raises NotFound for a service that is not set up, WebhookRefused for what is not genuine, Retryable when that
    can't be told now.
    """
    proof = read_webhooks(settings.webhooks).get(source.value)
    if proof is None:
        raise NotFound(f"This installation expects nothing from {source}. DEARREP_WEBHOOKS names those that it does.")
    try:
        events = make_webhook(source, proof).events(headers, body)
    except SignedInFuture as error:
        with at_once(engine) as connection:
            receipt_sources.note_wrong_clock(connection, source, error.ahead_s)
        _LOG.warning("receipts.signed_in_future", source=source.value, ahead_s=round(error.ahead_s))
        raise
    with engine.begin() as connection:
        new = sum(_keep_event(connection, source, one) for one in events)
    _LOG.info("receipts.kept", source=source.value, events=len(events), new=new)
    if new:
        ring.ring(TaskName.APPLY_RECEIPTS)
    return new


def _keep_event(connection: Connection, source: ReceiptSource, event: Event) -> bool:
    if receipts.is_spent(connection, source, event.token, event.id):
        raise WebhookRefused("This signature came with another event before.")
    raw = event.raw.encode(errors="replace")
    return receipts.insert_receipt(connection, source, event.id, raw, token=event.token)


def keep_mail(engine: Engine, ring: Ring, *, sender: str, recipient: str, raw: bytes) -> bool:
    """Keeps as much of a mail as is ever read, after COMMIT; False when the same one came before."""
    sender, recipient = storable_line(sender[:_MOST_ADDRESS]), storable_line(recipient[:_MOST_ADDRESS])
    with engine.begin() as connection:
        new = receipts.insert_receipt(
            connection,
            ReceiptSource.MAIL,
            _name_of(recipient, raw),
            raw[:MOST_READ],
            sender=sender,
            recipient=recipient,
        )
    _LOG.info("receipts.kept", source=ReceiptSource.MAIL.value, events=1, new=int(new))
    if new:
        ring.ring(TaskName.APPLY_RECEIPTS)
    return new


def is_our_address(engine: Engine, settings: Settings, address: str) -> bool:
    """True for the addresses that we gave out: signed ones, and the campaigns' own senders."""
    with at_once(engine) as connection:
        return is_ours(connection, settings, storable_line(address[:_MOST_ADDRESS]))


def _name_of(recipient: str, raw: bytes) -> str:
    """Its Message-ID, which stays the same when a server hands it over twice; without one the bytes themselves."""
    head = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(raw[:MOST_READ])
    known_by = str(head.get("Message-ID") or "").strip().encode("utf-8", "surrogateescape") or raw
    return sha256(recipient.lower().encode("utf-8", "surrogateescape") + b"\0" + known_by).hexdigest()
