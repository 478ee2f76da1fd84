"""Which transports are open, and the mail server behind each."""

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


def server_url(settings: Settings, transport: Transport) -> str:
    """The mail server behind a transport. The only place that opens the way out of this machine."""
    return settings.mailbox_url if transport is Transport.MAILBOX else settings.mail_relay_url
