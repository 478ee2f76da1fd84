"""What letters and follow-ups share on their way out: which transports are open, batch limits, who is at work."""

import os
import socket
from dataclasses import dataclass

from shared.domain.causes import Cause
from shared.domain.transport import Transport
from shared.settings import Settings

BATCH = 20
# A task ends after this long and rings again.
TASK_SECONDS = 20.0
# A server that refuses our connection is left alone this long; it costs the letters no attempt.
PAUSE_AFTER_REFUSAL_S = 60
# These refuse us, not the letter: the whole queue waits.
QUEUE_CAUSES = frozenset({Cause.AUTHENTICATION, Cause.TLS, Cause.OUR_DNS})


@dataclass(frozen=True)
class BatchReport:
    """What one run did: `claimed` letters, and whether more were due when it ended."""

    claimed: int
    more: bool


def worker_name() -> str:
    """This process, as claims and logs name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def configured_relay(settings: Settings) -> Transport | None:
    """The way out of this machine that an organizer has named, if any."""
    return Transport(settings.mail_route) if settings.relay_configured else None


def open_transports(settings: Settings) -> tuple[Transport, ...]:
    """The transports that can be used now: the mailbox always, a mail server only when one is configured."""
    if settings.relay_configured:
        return Transport.MAILBOX, Transport.RELAY, Transport.DIRECT
    return (Transport.MAILBOX,)


def server_url(settings: Settings, transport: Transport) -> str:
    """The mail server behind a transport. The only place that opens the way out of this machine."""
    return settings.mailbox_url if transport is Transport.MAILBOX else settings.mail_relay_url
