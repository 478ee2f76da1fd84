"""Where news of our mail may come from: which ways are set up, and when each was last heard of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from shared.db import mail_setup
from shared.db.engine import at_once
from shared.domain.receipts import ReceiptSource
from shared.settings import Settings, read_webhooks


@dataclass(frozen=True)
class Source:
    """One way in. `address` is what is told to the other side: a URL to post to, or the listener of mail."""

    source: ReceiptSource
    is_set_up: bool
    address: str
    heard_at: datetime | None


def list_sources(engine: Engine, settings: Settings) -> Sequence[Source]:
    """Mail first, then the services that may post events."""
    with at_once(engine) as connection:
        heard = mail_setup.last_heard(connection)
    posting = read_webhooks(settings.webhooks)
    mail = Source(ReceiptSource.MAIL, bool(settings.inbound_url), settings.inbound_url, heard.get(ReceiptSource.MAIL))
    return [
        mail,
        *(
            Source(one, one.value in posting, f"{settings.public_url}/webhooks/{one.value}", heard.get(one))
            for one in ReceiptSource
            if one is not ReceiptSource.MAIL
        ),
    ]
