"""How our own mail listeners listen: where they may, and until they are told to end."""

import asyncio
import contextlib
import ipaddress
import signal
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from aiosmtpd.smtp import SMTP

from shared.errors import SettingsError
from shared.settings import ENVIRONMENT_NAMES, Settings

_LOG = structlog.get_logger()
MESSAGE_LIMIT_BYTES = 10 * 1024 * 1024
# Senders keep their connection between mails for about this long.
IDLE_SECONDS = 300.0


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


def serve(make_protocol: Callable[[], SMTP], host: str, port: int) -> None:
    """The whole life of a listener's process, until SIGTERM or SIGINT."""
    asyncio.run(_serve_until_signal(make_protocol, host, port))


async def _serve_until_signal(make_protocol: Callable[[], SMTP], host: str, port: int) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await listen(make_protocol, host, port, stopping)
