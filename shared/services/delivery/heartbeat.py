"""Keeps the heartbeat of this process's SMTP connections going while they are open."""

import math
import threading
from collections.abc import Sequence

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db import delivery_connections
from shared.db.engine import at_once
from shared.services.delivery.carry import boot_seconds
from shared.timing import Timing

_LOG = structlog.get_logger()


class Heartbeat:
    """Renews all open connections of one run every `timing.heartbeat` seconds, from a thread that ends with the last.

    `is_lost` tells a worker that the database has not heard of its connection for too long, or has taken it for dead,
    so that it stops sending before other workers look at what it holds.
    """

    def __init__(self, engine: Engine, timing: Timing) -> None:
        self._engine, self._timing = engine, timing
        self._changed = threading.Condition()
        # By connection: when the database last heard of it, by `boot_seconds()`.
        self._heard: dict[str, float] = {}
        # When its last claim began: a connection whose thread hangs is renewed no longer than the claim's lease.
        self._claimed: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def add(self, name: str, heard_at: float, *, before: str = "") -> None:
        """Renews this connection from now on, and no longer under its name `before`.

        `heard_at` is a moment before the claim that registered or revived it.
        """
        with self._changed:
            if before != name:
                self._heard.pop(before, None)
                self._claimed.pop(before, None)
            self._claimed[name] = heard_at
            self._heard[name] = max(heard_at, self._heard.get(name, -math.inf))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()

    def rest(self, name: str) -> None:
        """Its claim renews it now, and holds its row meanwhile."""
        with self._changed:
            if name in self._heard:
                self._heard[name] = -math.inf

    def remove(self, name: str) -> None:
        """Stops renewing this connection."""
        with self._changed:
            self._heard.pop(name, None)
            self._claimed.pop(name, None)
            self._changed.notify()

    def is_lost(self, name: str) -> bool:
        """True when nothing may be sent over this connection before a claim registers it."""
        return boot_seconds() - self._heard.get(name, -math.inf) > self._timing.longest_silence

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._heard, timeout=self._timing.heartbeat)
                if not self._heard:
                    self._thread = None
                    return
                latest = boot_seconds() - self._timing.lease
                names = [
                    name
                    for name, heard_at in self._heard.items()
                    if heard_at > -math.inf and self._claimed[name] > latest
                ]
            self._beat(names)

    def _beat(self, names: Sequence[str]) -> None:
        began = boot_seconds()
        try:
            with at_once(self._engine) as connection:
                alive = delivery_connections.beat(connection, names, self._timing.dead_after)
        except SQLAlchemyError as error:
            _LOG.warning("delivery.heartbeat_failed", error=type(error).__name__)
            return
        with self._changed:
            # One that was removed, or claimed again meanwhile, is not of this heartbeat.
            asked = {name for name in names if -math.inf < self._heard.get(name, math.inf) < began}
            self._heard.update({name: began if name in alive else -math.inf for name in asked})
        if asked - alive:
            _LOG.warning("delivery.taken_for_dead", connections=len(asked - alive))
