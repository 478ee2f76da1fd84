"""SendGrid: many events a post, signed in headers with an elliptic key over time and body."""

import base64
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from shared.domain.receipts import News, Receipt, make_receipt
from shared.domain.status_codes import better_status
from shared.errors import SettingsError, WebhookRefused
from shared.providers.webhooks.base import Event, check_age, find_header, load, make_event, text_at

_SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
_TIME = "X-Twilio-Email-Event-Webhook-Timestamp"
_NEWS = {
    "delivered": News.DELIVERED,
    "deferred": News.DELAYED,
    "bounce": News.BOUNCED,
    # Never sent: SendGrid holds the address, or the mail, for bad.
    "dropped": News.BOUNCED,
    "spamreport": News.COMPLAINED,
    "unsubscribe": News.UNSUBSCRIBED,
    "group_unsubscribe": News.UNSUBSCRIBED,
}
# Why it was dropped, in SendGrid's own words: it bounced before, or is no address at all.
_USUAL_STATUS = {"Bounced Address": "5.1.1", "Invalid": "5.1.3"}
_COMPLAINED_BEFORE = "Spam Reporting Address"


class SendGridWebhook:
    """Checks posts with the verification key of the signed event webhook; raises SettingsError for what is no key."""

    def __init__(self, key: str) -> None:
        try:
            public_key = load_der_public_key(base64.b64decode(key, validate=True))
        except (ValueError, UnsupportedAlgorithm):
            public_key = None
        if not isinstance(public_key, EllipticCurvePublicKey):
            raise SettingsError(
                "DEARREP_WEBHOOKS: sendgrid needs the verification key of SendGrid's signed event webhook."
            )
        self._key = public_key

    def events(self, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """The post's events, in its order."""
        time = find_header(headers, _TIME)
        try:
            signature = base64.b64decode(find_header(headers, _SIGNATURE), validate=True)
            self._key.verify(signature, time.encode() + body, ECDSA(SHA256()))
        except (ValueError, InvalidSignature):
            raise WebhookRefused("This is not signed with the SendGrid key of DEARREP_WEBHOOKS.") from None
        check_age(time)
        posted = load(body)
        if not isinstance(posted, list):
            raise WebhookRefused("SendGrid posted something that is not a list of events.")
        return tuple(make_event(text_at(event, "sg_event_id"), event) for event in posted)


def read(event: object) -> Receipt:
    """What an event means; News.OTHER for what only watches people, and for what is unknown."""
    news = _NEWS.get(text_at(event, "event"), News.OTHER)
    if news is News.OTHER:
        return Receipt(news)
    relay_id = text_at(event, "sg_message_id")
    words = text_at(event, "reason") or text_at(event, "response")
    never_left = words == _COMPLAINED_BEFORE
    return make_receipt(
        News.COMPLAINED if never_left else news,
        # The relay's answer to our SMTP talk holds only what stands before the first dot.
        marks=(text_at(event, "smtp-id"), relay_id, relay_id.partition(".")[0]),
        recipient=text_at(event, "email"),
        status=_USUAL_STATUS.get(words) or better_status(text_at(event, "status"), words),
        reply=words,
        never_left=never_left,
    )
