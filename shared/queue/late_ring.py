"""The doorbell of the web tier: rung from a thread of its own, so that no page ever waits for the broker."""

import threading
import time

import structlog
from celery import Celery
from redis import Redis

from shared.queue.names import TaskName
from shared.queue.ring import Ring

_LOG = structlog.get_logger()
# What a crowd rings for within this time is rung once.
GATHER_S = 0.01


class LateRing(Ring):
    """Rings a moment later. What a process does not get to before its end is found by the sweeps."""

    def __init__(self, celery: Celery, redis: Redis | None) -> None:
        super().__init__(celery, redis)
        self._lock = threading.Lock()
        self._wanted: set[TaskName] = set()
        self._is_rush = False
        self._wake = threading.Event()
        self._ringer: threading.Thread | None = None

    def ring(self, task: TaskName) -> None:
        """Asks for one run of `task` soon, and returns at once. Call it after COMMIT."""
        with self._lock:
            self._wanted.add(task)
        self._wake_up()

    def tell_of_rush(self) -> None:
        """Says so soon, and returns at once."""
        if self.rush.is_news():
            with self._lock:
                self._is_rush = True
            self._wake_up()

    def _wake_up(self) -> None:
        with self._lock:
            if self._ringer is None:
                self._start()
        self._wake.set()

    def _start(self) -> None:
        ringer = threading.Thread(target=self._run, name="ringer", daemon=True)
        try:
            ringer.start()
        except RuntimeError as error:
            # Whoever rings has committed already, and is told so: the next ring tries again, and the sweeps look.
            _LOG.error("ring.no_thread", exc_info=error)
            return
        self._ringer = ringer

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(GATHER_S)
            self._wake.clear()
            with self._lock:
                wanted, self._wanted = self._wanted, set()
                is_rush, self._is_rush = self._is_rush, False
            if is_rush:
                super().tell_of_rush()
            for task in sorted(wanted):
                try:
                    super().ring(task)
                except Exception as error:  # noqa: BLE001 - whatever it is, the next ring must find this thread alive
                    _LOG.error("ring.crashed", task=task.value, exc_info=error)
