"""What relay services post about our mail: who posted it is proven, then it becomes events, then receipts.

Proving and reading are two steps, because an event is stored as it came before anything is made of it.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache

from shared.domain.receipts import News, Receipt, ReceiptSource
from shared.providers.http import get_bytes
from shared.providers.webhooks import mailgun, postmark, sendgrid, ses
from shared.providers.webhooks.base import Event, Webhook

__all__ = ["Event", "Webhook", "make_webhook", "read"]

_READERS: Mapping[ReceiptSource, Callable[[object], Receipt]] = {
    ReceiptSource.SES: ses.read,
    ReceiptSource.SENDGRID: sendgrid.read,
    ReceiptSource.MAILGUN: mailgun.read,
    ReceiptSource.POSTMARK: postmark.read,
}


@lru_cache(maxsize=8)
def make_webhook(source: ReceiptSource, proof: str, fetch: Callable[[str], bytes] = get_bytes) -> Webhook:
    """The webhook of a relay service; `proof` is what `read_webhooks` gives for it. Raises SettingsError.

    The same proof gives the same object, so that certificates are fetched once a process.
    """
    if source is ReceiptSource.SES:
        return ses.SesWebhook(proof, fetch)
    if source is ReceiptSource.SENDGRID:
        return sendgrid.SendGridWebhook(proof)
    if source is ReceiptSource.MAILGUN:
        return mailgun.MailgunWebhook(proof)
    if source is ReceiptSource.POSTMARK:
        return postmark.PostmarkWebhook(proof)
    raise ValueError(f"{source} has no webhook")


def read(source: ReceiptSource, raw: str) -> Receipt:
    """What an event's JSON text means; what can't be understood is News.OTHER, never an error."""
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return Receipt(News.OTHER)
    reader = _READERS.get(source)
    return reader(event) if reader else Receipt(News.OTHER)
