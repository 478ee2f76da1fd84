"""Which transports are open, and the mail server behind each."""

from urllib.parse import urlsplit

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


def relay_headers(settings: Settings, transport: Transport, sender: str) -> tuple[tuple[str, str], ...]:
    """What a relay service needs in an email so that its receipts name it; `sender` is our envelope sender.

    Postmark tells neither that nor our Message-ID, but hands back what it is given as metadata.
    """
    host = urlsplit(server_url(settings, transport)).hostname or ""
    return (("X-PM-Metadata-mark", sender.partition("@")[0]),) if host.endswith(".postmarkapp.com") else ()


def server_url(settings: Settings, transport: Transport) -> str:
    """The mail server behind a transport. The only place that opens the way out of this machine."""
    return settings.mailbox_url if transport is Transport.MAILBOX else settings.mail_relay_url
