"""What relay services post about our mail. Kept and answered at once; workers make something of it."""

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from shared.domain.receipts import ReceiptSource
from shared.errors import Retryable, WebhookRefused
from shared.services.receipts import keep_webhook
from web.context import here

bp = Blueprint("webhooks", __name__)
# Mailgun repeats a post for hours after any other refusal.
_REFUSED = {ReceiptSource.MAILGUN: 406}


@bp.post("/webhooks/<source>")
def receive(source: str) -> ResponseReturnValue:
    """204 once the events are kept; 4xx for what is not genuine, 503 for what should be posted again."""
    if source not in set(ReceiptSource) - {ReceiptSource.MAIL}:
        abort(404)
    service = ReceiptSource(source)
    try:
        keep_webhook(here().engine, here().ring, here().settings, service, dict(request.headers), request.get_data())
    except WebhookRefused as error:
        return str(error), _REFUSED.get(service, 403), {"Content-Type": "text/plain; charset=utf-8"}
    except Retryable:
        return "Post this again later.", 503, {"Content-Type": "text/plain; charset=utf-8"}
    return "", 204
