"""The local mailbox: an SMTP listener on loopback that keeps every message in PostgreSQL. Sends nothing on.

Mail of a simulated action day it only answers, as the simulated mail servers would.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.domain.running import ProcessKind
from shared.domain.simulations import is_simulated
from shared.local.listening import IDLE_SECONDS, MESSAGE_LIMIT_BYTES, run_process
from shared.local.simulated_mail import SimulatedServers
from shared.queue.ring import Ring
from shared.services.mailbox import store_message
from shared.services.receipts import keep_mail
from shared.settings import Settings, from_env

_log = structlog.get_logger()


class MailboxHandler:
    """Answers 250 only after COMMIT, so that a crash can't lose what a sender thinks delivered."""

    def __init__(self, engine: Engine, simulated: SimulatedServers | None = None) -> None:
        self._engine, self._simulated = engine, simulated

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes every recipient, except those that a simulated mail server refuses."""
        if self._simulated is not None and is_simulated(address):
            refusal = self._simulated.meet(envelope.mail_from or "", address).refusal
            if refusal:
                return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Stores the message for each recipient; the name and arguments are aiosmtpd's."""
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        sender = envelope.mail_from or ""
        if self._simulated is not None and all(map(is_simulated, envelope.rcpt_tos)):
            return await self._simulated.take(sender, envelope.rcpt_tos[0])
        try:
            for recipient in envelope.rcpt_tos:
                await asyncio.to_thread(store_message, self._engine, sender=sender, recipient=recipient, raw=raw)
        except SQLAlchemyError as error:
            _log.warning("mailbox_store_failed", error=type(error).__name__)
            return "451 4.3.0 The mailbox can't store mail now, try again later"
        return "250 2.0.0 Stored"


def make_listener(engine: Engine, simulated: SimulatedServers | None = None) -> SMTP:
    """One connection's protocol: 8-bit and international addresses allowed, 10 MB at most."""
    return SMTP(
        MailboxHandler(engine, simulated),
        data_size_limit=MESSAGE_LIMIT_BYTES,
        enable_SMTPUTF8=True,
        decode_data=False,
        hostname="mailbox.localhost",
        ident="Dear Rep local mailbox",
        timeout=IDLE_SECONDS,
    )


def simulated_servers(engine: Engine, ring: Ring) -> SimulatedServers:
    """The simulated mail servers; what bounces late comes back as if the installation's own listener had taken it."""
    keep = partial(keep_mail, engine, ring)
    return SimulatedServers(lambda sender, recipient, raw: keep(sender=sender, recipient=recipient, raw=raw))


def _listener(engine: Engine, ring: Ring, _settings: Settings) -> Callable[[], SMTP]:
    return partial(make_listener, engine, simulated_servers(engine, ring))


def main() -> None:
    """The process that `dearrep up` starts."""
    run_process(from_env, ProcessKind.MAILBOX, "mailbox_url", "smtp://127.0.0.1:8025", _listener)


if __name__ == "__main__":
    main()
