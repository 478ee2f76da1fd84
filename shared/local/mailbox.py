"""The local mailbox: an SMTP listener on loopback that keeps every message in PostgreSQL. Sends nothing on."""

import asyncio

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import make_engine
from shared.local.listening import IDLE_SECONDS, MESSAGE_LIMIT_BYTES, read_address, serve
from shared.logging import configure_logging
from shared.services.mailbox import store_message
from shared.settings import from_env

_log = structlog.get_logger()


class MailboxHandler:
    """Answers 250 only after COMMIT, so that a crash can't lose what a sender thinks delivered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Stores the message for each recipient; the name and arguments are aiosmtpd's."""
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        sender = envelope.mail_from or ""
        try:
            for recipient in envelope.rcpt_tos:
                await asyncio.to_thread(store_message, self._engine, sender=sender, recipient=recipient, raw=raw)
        except SQLAlchemyError as error:
            _log.warning("mailbox_store_failed", error=type(error).__name__)
            return "451 4.3.0 The mailbox can't store mail now, try again later"
        return "250 2.0.0 Stored"


def make_listener(engine: Engine) -> SMTP:
    """One connection's protocol: 8-bit and international addresses allowed, 10 MB at most."""
    return SMTP(
        MailboxHandler(engine),
        data_size_limit=MESSAGE_LIMIT_BYTES,
        enable_SMTPUTF8=True,
        decode_data=False,
        hostname="mailbox.localhost",
        ident="Dear Rep local mailbox",
        timeout=IDLE_SECONDS,
    )


def main() -> None:
    """The process that `dearrep up` starts."""
    settings = from_env()
    configure_logging(settings.log_level)
    host, port = read_address(settings, "mailbox_url", "smtp://127.0.0.1:8025")
    engine = make_engine(settings.database_url, pool_size=2)
    serve(lambda: make_listener(engine), host, port)


if __name__ == "__main__":
    main()
