"""How our own mail listeners start and listen: where they may, and until they are told to end."""

import asyncio
import contextlib
import ipaddress
import signal
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from aiosmtpd.smtp import SMTP
from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.domain.running import ProcessKind
from shared.errors import SettingsError
from shared.logging import configure_logging
from shared.plain_exit import plain_exit
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.heartbeat import Heartbeat
from shared.services.secret_key import guard_process
from shared.settings import ENVIRONMENT_NAMES, Settings

_LOG = structlog.get_logger()
MESSAGE_LIMIT_BYTES = 10 * 1024 * 1024
# Senders keep their connection between mails for about this long.
IDLE_SECONDS = 300.0
# Makes what each connection's protocol is made by.
Listener = Callable[[Engine, Ring, Settings], Callable[[], SMTP]]


def run_process(
    read_settings: Callable[[], Settings], kind: ProcessKind, field: str, example: str, listener: Listener
) -> None:
    """The whole life of a listener's process: listens at the URL in a setting, until SIGTERM or SIGINT."""
    with plain_exit():
        settings = read_settings()
        configure_logging(settings.log_level)
        host, port = read_address(settings, field, example)
        engine = make_engine(settings.database_url, pool_size=2)
        guard_process(engine, settings)
    make_protocol = listener(engine, Ring(make_celery(settings), connect_redis(settings.redis_url)), settings)
    Heartbeat(engine, settings, kind).start()
    asyncio.run(_serve_until_signal(make_protocol, host, port))


def read_address(settings: Settings, field: str, example: str) -> tuple[str, int]:
    """Host and port of the URL in a setting. On one machine it refuses to listen where other machines could write."""
    parts = urlsplit(getattr(settings, field))
    host, port = parts.hostname or "", parts.port
    if port and host and settings.environment == "production":
        return host, port
    with contextlib.suppress(ValueError):
        if port and ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback:
            return host, port
    raise SettingsError(f"{ENVIRONMENT_NAMES[field]} must name this machine and a port, such as {example}.")


async def listen(make_protocol: Callable[[], SMTP], host: str, port: int, stopping: asyncio.Event) -> None:
    """Serves until `stopping` is set."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make_protocol, host, port)
    _LOG.info("mail.listening", port=port)
    await stopping.wait()
    # Not wait_closed: it would wait for senders, who keep their connections.
    server.close()


async def _serve_until_signal(make_protocol: Callable[[], SMTP], host: str, port: int) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await listen(make_protocol, host, port, stopping)
