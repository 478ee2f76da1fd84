"""Email to organizers, and the relay itself: tried while they look at the page. It is nobody's letter."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.causes import CAUSE_WORDS
from shared.domain.transport import Transport
from shared.errors import NotAllowed
from shared.providers.smtp import Outcome, SmtpSession, Verdict
from shared.services.outbox import server_url
from shared.settings import Settings

# Somebody looks at the page meanwhile.
_PATIENCE = {"connect": 10.0, "verb": 10.0, "after_dot": 20.0}
# What stands in the place of an answer when none came.
_NETWORK_WORDS = {
    "gaierror": "DNS knows no such name.",
    "ConnectionRefusedError": "Nobody listens at this port.",
    "TimeoutError": "It did not answer in time: the port may be wrong, or a firewall in between.",
    "OSError": "There is no way to it from here.",
    "SSLCertVerificationError": "Its certificate is not valid for this name.",
    "SSLError": "It does not speak TLS at this port: try STARTTLS.",
    "SMTPNotSupportedError": "It offers no STARTTLS, or no sign-in, at this port.",
    "SMTPServerDisconnected": "It hung up: it may expect TLS from the start at this port.",
    "ConnectionResetError": "It hung up.",
}


def hand_over(
    settings: Settings, transport: Transport, sender: str, recipient: str, messages: Sequence[bytes], *, failed: str
) -> str:
    """One try each; what the server answered last. Raises NotAllowed at the first not taken: `failed`, then why."""
    answer = ""
    with _session(settings, server_url(settings, transport)) as session:
        for message in messages:
            outcome = session.send(sender, recipient, message, may_send=lambda: True)
            if outcome.verdict is not Verdict.ACCEPTED:
                raise NotAllowed(f"{failed} {_why(outcome)}")
            answer = outcome.reply
    return answer


def try_server(settings: Settings, url: str) -> str:
    """Connects, with TLS and sign-in as the address says; how that went. Sends nothing. Raises NotAllowed with why."""
    with _session(settings, url) as session:
        refused = session.greet()
        if refused is not None:
            raise NotAllowed(_why(refused))
        return session.tls_version


def _session(settings: Settings, url: str) -> SmtpSession:
    return SmtpSession(url, settings.mail_domain, replace(settings.timing, **_PATIENCE))


def _why(outcome: Outcome) -> str:
    network = _NETWORK_WORDS.get(outcome.reply)
    said = network or (f"It said: {outcome.reply}" if outcome.reply else "")
    return f"{CAUSE_WORDS[outcome.cause].what} {said}".rstrip()
