"""Amazon SES: its events come as SNS messages, in two spellings: of identities and of configuration sets."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.domain.receipts import News, Receipt, make_receipt
from shared.domain.status_codes import better_status
from shared.errors import WebhookRefused
from shared.providers.webhooks.base import Event, at, check_age, load, storable_name, text_at
from shared.providers.webhooks.sns import Topic

# Event, where its details stand, and whom they name there.
_KINDS = {
    "Bounce": (News.BOUNCED, "bounce", "bouncedRecipients"),
    "Complaint": (News.COMPLAINED, "complaint", "complainedRecipients"),
    "Delivery": (News.DELIVERED, "delivery", "recipients"),
    "DeliveryDelay": (News.DELAYED, "deliveryDelay", "delayedRecipients"),
    "Reject": (News.BOUNCED, "reject", ""),
}
# Where no server said more. What SES calls transient it has given up too.
_USUAL_STATUS = {
    # Whatever it was, SES has no name for it.
    ("Permanent", "General"): "5.0.0",
    ("Permanent", "NoEmail"): "5.1.1",
    ("Permanent", "Suppressed"): "5.1.1",
    ("Permanent", "OnAccountSuppressionList"): "5.1.1",
    ("Transient", "MailboxFull"): "5.2.2",
    ("Transient", "MessageTooLarge"): "5.3.4",
    ("Transient", "ContentRejected"): "5.7.1",
    ("Transient", "AttachmentRejected"): "5.7.1",
}


class SesWebhook:
    """Checks posts against one SNS topic. `fetch` gets certificates and visits the address that confirms."""

    def __init__(self, topic_arn: str, fetch: Callable[[str], bytes]) -> None:
        self._topic = Topic(topic_arn, fetch)

    def events(self, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """The post's event; none where SNS asks whether we want its messages, to which we agree at once."""
        message = load(body)
        self._topic.check(message)
        check_age(_unix_time(text_at(message, "Timestamp")))
        kind, raw = text_at(message, "Type"), text_at(message, "Message")
        if kind == "SubscriptionConfirmation":
            self._topic.confirm(message)
        # When a destination is set up, SES posts one plain sentence as a trial.
        is_event = kind == "Notification" and raw.lstrip().startswith("{")
        return (Event(storable_name(text_at(message, "MessageId")), raw),) if is_event else ()


def _unix_time(moment: str) -> str:
    try:
        return str(datetime.fromisoformat(moment).timestamp())
    except (ValueError, OverflowError):
        raise WebhookRefused("What was posted does not say when it was signed.") from None


def read(event: object) -> Receipt:
    """What an event means; News.OTHER for what only watches people, and for what is unknown."""
    name = text_at(event, "eventType") or text_at(event, "notificationType")
    news, where, whom = _KINDS.get(name, (News.OTHER, "", ""))
    details = at(event, where)
    person = at(details, whom, 0)
    if news is News.BOUNCED and _is_automatic_reply(details, person):
        news = News.AUTO_REPLIED
    if news is News.OTHER or text_at(details, "complaintFeedbackType") == "not-spam":
        return Receipt(News.OTHER)
    words = text_at(person, "diagnosticCode").partition(";")[2] or text_at(person, "diagnosticCode")
    words = words or text_at(details, "smtpResponse") or text_at(details, "reason")
    status = better_status(text_at(person, "status"), words, _usual_status(details))
    mail = at(event, "mail")
    return make_receipt(
        news,
        marks=_marks(mail),
        recipient=text_at(person, "emailAddress") or text_at(person) or text_at(mail, "destination", 0),
        status=status if news in {News.BOUNCED, News.DELAYED} else "",
        reply=words,
        never_left=text_at(details, "complaintSubType") == "OnAccountSuppressionList",
    )


def _is_automatic_reply(details: object, person: object) -> bool:
    """Out-of-office mail is a transient bounce to SES too, but no server said a word about it."""
    general = text_at(details, "bounceType") == "Transient" and text_at(details, "bounceSubType") == "General"
    return general and not any(text_at(person, name) for name in ("action", "status", "diagnosticCode"))


def _usual_status(details: object) -> str:
    kind = text_at(details, "bounceType")
    return _USUAL_STATUS.get((kind, text_at(details, "bounceSubType")), "4.0.0" if kind == "Transient" else "")


def _marks(mail: object) -> list[str]:
    """Envelope sender, Message-ID as it was sent, SES' own id."""
    headers = at(mail, "headers")
    headers = headers if isinstance(headers, list) else []
    sent = [text_at(header, "value") for header in headers if text_at(header, "name").lower() == "message-id"]
    common = (text_at(mail, "commonHeaders", name) for name in ("returnPath", "messageId"))
    return [text_at(mail, "source"), *common, *sent, text_at(mail, "messageId")]
