"""Our own listener for what comes back, in a thread of a test."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from shared.local.broker import free_port
from shared.local.inbound import make_listener
from shared.local.listening import listen
from shared.queue.ring import Ring
from shared.settings import Settings


@contextmanager
def listening(engine: Engine, ring: Ring, settings: Settings) -> Iterator[int]:
    """Our listener on a port of its own."""
    port, ready = free_port(), threading.Event()
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        stopping = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stopping))
        asyncio.get_running_loop().call_later(0.05, ready.set)
        await listen(lambda: make_listener(engine, ring, settings), "127.0.0.1", port, stopping)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    yield port
    loop, stopping = stops[0]
    loop.call_soon_threadsafe(stopping.set)
    thread.join(10)
