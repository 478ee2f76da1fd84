"""Keeps the heartbeat of this process's SMTP connections going while they are open."""

import threading
import time

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from shared.db import delivery_connections
from shared.db.engine import at_once

_LOG = structlog.get_logger()


class Heartbeat:
    """Renews all open connections of one process every `every` seconds, from a thread that ends with the last one.

    `silent_for` tells how long ago the database last heard of them, so that a worker that other workers take to be
    gone stops sending.
    """

    def __init__(self, engine: Engine, every: float) -> None:
        self._engine, self._every = engine, every
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._heard_at = time.monotonic()
        self._thread: threading.Thread | None = None

    def add(self, name: str) -> None:
        """Renews this connection from now on; its row was written a moment ago."""
        with self._lock:
            if not self._names:
                self._heard_at = time.monotonic()
            self._names.add(name)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()

    def remove(self, name: str) -> None:
        """Stops renewing this connection."""
        with self._lock:
            self._names.discard(name)

    def silent_for(self) -> float:
        """Seconds since the database last heard of this process's connections."""
        return time.monotonic() - self._heard_at

    def _run(self) -> None:
        while True:
            time.sleep(self._every)
            with self._lock:
                names = list(self._names)
                if not names:
                    self._thread = None
                    return
            began = time.monotonic()
            try:
                with at_once(self._engine) as connection:
                    delivery_connections.beat(connection, names)
            except DBAPIError as error:
                _LOG.warning("delivery.heartbeat_failed", error=type(error).__name__)
                continue
            self._heard_at = began
