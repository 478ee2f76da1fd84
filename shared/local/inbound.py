"""The listener for what comes back: a mail server hands it bounces and answers by LMTP or SMTP. Sends nothing.

It takes only mail for addresses that we gave out: signed envelope senders, signed unsubscribe addresses, and the
campaigns' own senders.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.domain.running import ProcessKind
from shared.local.listening import IDLE_SECONDS, MESSAGE_LIMIT_BYTES, run_process
from shared.queue.ring import Ring
from shared.services.receipts import is_our_address, keep_mail
from shared.settings import Settings, from_env

_LOG = structlog.get_logger()
_LATER = "451 4.3.0 Mail can't be kept now, try again later"


# Far more than RFC 5321 allows: an answer with a long line is an answer all the same.
_LINE_BYTES = 1024 * 1024


class _Smtp(SMTP):
    line_length_limit = _LINE_BYTES


class _Lmtp(LMTP):
    line_length_limit = _LINE_BYTES


class InboundHandler:
    """Answers 250 only after COMMIT. Methods and arguments are named by aiosmtpd."""

    def __init__(self, engine: Engine, ring: Ring, settings: Settings) -> None:
        self._engine, self._ring, self._settings = engine, ring, settings

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient at a time, so that each has its own answer; strangers' addresses are refused at once."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        try:
            if not await asyncio.to_thread(is_our_address, self._engine, self._settings, address):
                return "550 5.1.1 There is no such address here"
        except SQLAlchemyError as error:
            _LOG.warning("inbound.failed", error=type(error).__name__)
            return _LATER
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps it."""
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        keep = partial(keep_mail, sender=envelope.mail_from or "", recipient=envelope.rcpt_tos[0], raw=raw)
        try:
            await asyncio.to_thread(keep, self._engine, self._ring)
        except SQLAlchemyError as error:
            _LOG.warning("inbound.failed", error=type(error).__name__)
            return _LATER
        return "250 2.0.0 Kept"


def make_listener(engine: Engine, ring: Ring, settings: Settings) -> SMTP:
    """One connection's protocol, LMTP or SMTP as `DEARREP_INBOUND_URL` says."""
    protocol = _Lmtp if urlsplit(settings.inbound_url).scheme == "lmtp" else _Smtp
    return protocol(
        InboundHandler(engine, ring, settings),
        data_size_limit=MESSAGE_LIMIT_BYTES,
        enable_SMTPUTF8=True,
        decode_data=False,
        hostname=settings.mail_domain,
        ident="Dear Rep",
        timeout=IDLE_SECONDS,
    )


def _listener(engine: Engine, ring: Ring, settings: Settings) -> Callable[[], SMTP]:
    return partial(make_listener, engine, ring, settings)


def main() -> None:
    """The process of its own."""
    run_process(from_env, ProcessKind.INBOUND, "inbound_url", "lmtp://127.0.0.1:8024", _listener)


if __name__ == "__main__":
    main()
