"""The local mailbox: an SMTP listener on loopback that keeps every message in PostgreSQL. Sends nothing on."""

import asyncio
import contextlib
import ipaddress
import signal
from urllib.parse import urlsplit

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import make_engine
from shared.errors import SettingsError
from shared.logging import configure_logging
from shared.services.mailbox import store_message
from shared.settings import Settings, from_env

MESSAGE_LIMIT_BYTES = 10 * 1024 * 1024
# Senders keep their connection between letters for about this long.
_IDLE_SECONDS = 300.0
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
        timeout=_IDLE_SECONDS,
    )


def read_address(settings: Settings) -> tuple[str, int]:
    """Host and port of `DEARREP_MAILBOX_URL`. On one machine it refuses to listen where other machines could write."""
    parts = urlsplit(settings.mailbox_url)
    host, port = parts.hostname or "", parts.port
    if port and host and settings.environment == "production":
        return host, port
    with contextlib.suppress(ValueError):
        if port and ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback:
            return host, port
    raise SettingsError("DEARREP_MAILBOX_URL must name this machine and a port, such as smtp://127.0.0.1:8025.")


async def listen(engine: Engine, host: str, port: int, stopping: asyncio.Event) -> None:
    """Serves until `stopping` is set."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: make_listener(engine), host, port)
    _log.info("mailbox_listening", port=port)
    await stopping.wait()
    # Not wait_closed: it would wait for senders, who keep their connections.
    server.close()


async def _serve_until_signal(engine: Engine, host: str, port: int) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await listen(engine, host, port, stopping)


def main() -> None:
    """The process that `dearrep up` starts."""
    settings = from_env()
    configure_logging(settings.log_level)
    host, port = read_address(settings)
    asyncio.run(_serve_until_signal(make_engine(settings.database_url, pool_size=2), host, port))


if __name__ == "__main__":
    main()
