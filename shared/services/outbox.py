"""Which transports are open, and the mail server behind each."""

from urllib.parse import urlsplit

from shared.db.driver import Row
from shared.domain.identities import envelope_sender
from shared.domain.receipts import are_of_one_organization
from shared.domain.transport import Transport
from shared.settings import Settings


def open_transports(settings: Settings) -> tuple[Transport, ...]:
    """The transports that can be used now: the mailbox always, a mail server only when one is configured."""
    if settings.relay_configured:
        return Transport.MAILBOX, Transport.RELAY, Transport.DIRECT
    return (Transport.MAILBOX,)


def configured_relay(settings: Settings) -> Transport | None:
    """The way out of this machine that an organizer has named, if any."""
    return Transport(settings.mail_route) if settings.relay_configured else None


def relay_headers(settings: Settings, row: Row, kind: str) -> tuple[tuple[str, str], ...]:
    """What a relay service needs in the email of a row (of the table `kind`) so that its receipts name it.

    Postmark tells neither our Message-ID nor the envelope sender, but hands back what it is given as metadata.
    """
    host = urlsplit(server_url(settings, Transport(row["transport"]))).hostname or ""
    if not host.endswith(".postmarkapp.com"):
        return ()
    sender = envelope_sender(settings.secret_key, kind, row["id"], settings.mail_domain, row["resends"])
    return (("X-PM-Metadata-mark", sender.partition("@")[0]),)


def server_url(settings: Settings, transport: Transport) -> str:
    """The mail server behind a transport. The only place that opens the way out of this machine."""
    return settings.mailbox_url if transport is Transport.MAILBOX else settings.mail_relay_url


def is_our_relay(settings: Settings, host: str) -> bool:
    """Is this server of our mail relay's organization, or of our own mail domain's?

    Relay services send from servers of another name: what they report is known as theirs by their webhooks.
    """
    relay = urlsplit(settings.mail_relay_url).hostname or settings.mail_domain
    return bool(host) and any(are_of_one_organization(host, known) for known in (relay, settings.mail_domain))
