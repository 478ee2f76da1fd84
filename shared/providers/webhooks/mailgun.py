"""Mailgun: one event a post, signed inside the body with an HMAC of time and token."""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from shared.domain.receipts import News, Receipt, make_receipt
from shared.domain.status_codes import better_status
from shared.errors import WebhookRefused
from shared.providers.webhooks.base import Event, at, check_age, load, make_event, storable_name, text_at

_NEWS = {
    "delivered": News.DELIVERED,
    "failed": News.BOUNCED,
    "rejected": News.BOUNCED,
    "complained": News.COMPLAINED,
    "unsubscribed": News.UNSUBSCRIBED,
}
# Not even tried, because it bounced before.
_USUAL_STATUS = {"suppress-bounce": "5.1.1"}


class MailgunWebhook:
    """Checks posts with the HTTP webhook signing key.

    The signature does not cover the event. Its token is therefore good for one: who could read a post can't sign
    another one with it.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def events(self, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """The post's one event. Mailgun's ids are unique within a day only, so the time belongs to the name."""
        post = load(body)
        time, token = text_at(post, "signature", "timestamp"), text_at(post, "signature", "token")
        good = hmac.new(self._key, f"{time}{token}".encode(errors="replace"), sha256).hexdigest()
        signature = text_at(post, "signature", "signature").encode(errors="replace")
        if not hmac.compare_digest(good.encode(), signature):
            raise WebhookRefused("This is not signed with the Mailgun key of DEARREP_WEBHOOKS.")
        check_age(time)
        event = at(post, "event-data")
        if not isinstance(event, dict):
            raise WebhookRefused(
                "Mailgun posted something without an event. Only its present form of webhooks is read."
            )
        name = text_at(event, "id")
        name = name and f"{name}@{text_at(event, 'timestamp')}"
        return (make_event(name, event, storable_name(token)),)


def read(event: object) -> Receipt:
    """What an event means; News.OTHER for what only watches people, and for what is unknown."""
    news = _NEWS.get(text_at(event, "event"), News.OTHER)
    if news is News.OTHER:
        return Receipt(news)
    if text_at(event, "severity") == "temporary":
        news = News.DELAYED
    status = at(event, "delivery-status")
    said = text_at(status, "message")
    words = said or text_at(status, "description") or text_at(event, "reject", "reason")
    usual = "" if said else _USUAL_STATUS.get(text_at(event, "reason"), "")
    return make_receipt(
        news,
        marks=(text_at(event, "envelope", "sender"), text_at(event, "message", "headers", "message-id")),
        recipient=text_at(event, "recipient"),
        status=usual or better_status(text_at(status, "enhanced-code"), words),
        reply=words,
    )
