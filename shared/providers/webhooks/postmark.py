"""Postmark: one event a post, proven by a name and a password, which stand in the webhook's address there."""

import base64
import hmac
from collections.abc import Mapping

from shared.domain.receipts import News, Receipt, make_receipt
from shared.domain.status_codes import better_status
from shared.errors import WebhookRefused
from shared.providers.webhooks.base import Event, at, find_header, load, make_event, text_at

_TIMES = ("DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt")
# What a bounce of a type means, and its status when the server's words have none.
_BOUNCES = {
    "HardBounce": (News.BOUNCED, "5.1.1"),
    "SoftBounce": (News.BOUNCED, "4.0.0"),
    "DnsError": (News.BOUNCED, "4.4.3"),
    "BadEmailAddress": (News.BOUNCED, "5.1.3"),
    "SpamNotification": (News.BOUNCED, "5.7.1"),
    "Blocked": (News.BOUNCED, "5.7.1"),
    "DMARCPolicy": (News.BOUNCED, "5.7.26"),
    "VirusNotification": (News.BOUNCED, "5.7.1"),
    "ManuallyDeactivated": (News.BOUNCED, ""),
    "Unconfirmed": (News.BOUNCED, ""),
    "SMTPApiError": (News.BOUNCED, ""),
    "Unknown": (News.BOUNCED, ""),
    "Transient": (News.DELAYED, "4.0.0"),
    "AutoResponder": (News.AUTO_REPLIED, ""),
    "ChallengeVerification": (News.AUTO_REPLIED, ""),
    "SpamComplaint": (News.COMPLAINED, ""),
    "Unsubscribe": (News.UNSUBSCRIBED, ""),
}


class PostmarkWebhook:
    """Checks name and password: Postmark signs nothing, and says not when it posted."""

    def __init__(self, user_and_password: str) -> None:
        self._secret = user_and_password.encode()

    def events(self, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """The post's one event. Postmark gives most of them no id: kind, mail and time are one."""
        scheme, _, given = find_header(headers, "Authorization").partition(" ")
        try:
            secret = base64.b64decode(given.strip(), validate=True)
        except ValueError:
            secret = b""
        if scheme.lower() != "basic" or not hmac.compare_digest(secret, self._secret):
            raise WebhookRefused("This comes without the Postmark name and password of DEARREP_WEBHOOKS.")
        event = load(body)
        if not isinstance(event, dict):
            raise WebhookRefused("Postmark posted something that is not an event.")
        kind, mail = text_at(event, "RecordType"), text_at(event, "MessageID")
        moment = text_at(event, "ID") or next(filter(None, (text_at(event, time) for time in _TIMES)), "")
        return (make_event(kind and moment and f"{kind}:{mail}:{moment}", event),)


def read(event: object) -> Receipt:
    """What an event means; News.OTHER for what only watches people, and for what is unknown."""
    news, usual_status = _news(event)
    if news is News.OTHER:
        return Receipt(news)
    words = text_at(event, "Details") or text_at(event, "Description")
    failed = news in {News.BOUNCED, News.DELAYED}
    metadata = at(event, "Metadata")
    own = (text_at(metadata, name) for name in metadata) if isinstance(metadata, dict) else ()
    return make_receipt(
        news,
        # Postmark tells neither envelope sender nor Message-ID; what our mail carried as metadata comes back.
        marks=(text_at(event, "MessageID"), *own),
        recipient=text_at(event, "Recipient") or text_at(event, "Email"),
        status=better_status("", words, usual_status) if failed else "",
        reply=words,
    )


def _news(event: object) -> tuple[News, str]:
    kind = text_at(event, "RecordType")
    if kind == "Bounce":
        return _BOUNCES.get(text_at(event, "Type"), (News.OTHER, ""))
    if kind == "SubscriptionChange":
        # Postmark also notes what it did itself after a bounce or a complaint, which come as events of their own.
        left = at(event, "SuppressSending") is True and text_at(event, "Origin") == "Recipient"
        by_hand = text_at(event, "SuppressionReason") == "ManualSuppression"
        return (News.UNSUBSCRIBED if left and by_hand else News.OTHER), ""
    return {"Delivery": News.DELIVERED, "SpamComplaint": News.COMPLAINED}.get(kind, News.OTHER), ""
