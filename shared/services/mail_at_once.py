"""Email to organizers: handed to the mail server while they look at the page. It is nobody's letter."""

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


def hand_over(
    settings: Settings, transport: Transport, sender: str, recipient: str, messages: Sequence[bytes], *, failed: str
) -> None:
    """One try each. Raises NotAllowed at the first that is not taken: `failed`, then why."""
    timing = replace(settings.timing, **_PATIENCE)
    with SmtpSession(server_url(settings, transport), settings.mail_domain, timing) as session:
        for message in messages:
            outcome = session.send(sender, recipient, message, may_send=lambda: True)
            if outcome.verdict is not Verdict.ACCEPTED:
                raise NotAllowed(f"{failed} {_why(outcome)}")


def _why(outcome: Outcome) -> str:
    said = f" It said: {outcome.reply}" if outcome.reply else ""
    return f"{CAUSE_WORDS[outcome.cause].what}{said}"
