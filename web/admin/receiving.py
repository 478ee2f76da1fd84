"""What comes back: which ways are set up, when each was last heard of, and how to set one up."""

from flask import render_template

from shared.domain.permissions import Permission
from shared.domain.receipts import ReceiptSource
from shared.services.receipts.sources import list_sources
from web.admin import bp
from web.admin.guard import needs
from web.context import here

# Name, what to do at the other side, and what to tell us; each a sentence.
_HOW = {
    ReceiptSource.SES: (
        "Amazon SES",
        "Let an SNS topic of your domain's bounces, complaints and deliveries post to this address over HTTPS.",
        "ses=TOPIC-ARN",
    ),
    ReceiptSource.SENDGRID: (
        "SendGrid",
        "Switch the signed event webhook on, with this address, for delivered, deferred, bounced, dropped and spam.",
        "sendgrid=PUBLIC-KEY",
    ),
    ReceiptSource.MAILGUN: (
        "Mailgun",
        "Add this address as a webhook for delivered, temporary and permanent failures, and complaints.",
        "mailgun=SIGNING-KEY",
    ),
    ReceiptSource.POSTMARK: (
        "Postmark",
        "Add this address as a webhook with basic authentication, for deliveries, bounces and spam complaints.",
        "postmark=USER:PASSWORD",
    ),
}


@bp.get("/delivery/receiving")
@needs(Permission.SEE_INSTALLATION)
def receiving() -> str:
    """Bounces, answers and events, by the way they come."""
    settings = here().given
    mail, *services = list_sources(here().engine, settings)
    return render_template(
        "admin/receiving.html", mail=mail, services=services, how=_HOW, mail_domain=settings.mail_domain
    )
