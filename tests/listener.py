"""Our own listener for what comes back, in a thread of a test."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from shared.local.broker import free_port, is_free
from shared.local.inbound import make_listener
from shared.local.listening import listen
from shared.queue.ring import Ring
from shared.settings import Settings

_START_SECONDS = 20.0


@contextmanager
def listening(engine: Engine, ring: Ring, settings: Settings) -> Iterator[int]:
    """Our listener on a port of its own."""
    port = free_port()
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    served = listen(lambda: make_listener(engine, ring, settings), "127.0.0.1", port, stopping)
    thread = threading.Thread(target=loop.run_until_complete, args=(served,), daemon=True)
    thread.start()
    ends = time.monotonic() + _START_SECONDS
    while is_free(port):
        assert time.monotonic() < ends, "the listener did not start"
        time.sleep(0.02)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        loop.close()
