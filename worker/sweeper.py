"""Every worker sweeps by itself, so that a lost ring, a lost Redis or a missing scheduler delays but loses nothing.

When nobody answers the bell, because the broker is away or its connections hang, threads of the sweeper do the work. It
never does so itself: work may last as long as there is any, and a sweep that waits for it looks after no dead worker.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping

import structlog
from celery.signals import worker_init, worker_shutting_down
from sqlalchemy import Engine

from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.delivery import STOPPING
from shared.services.delivery.wakeup import SWEEP
from shared.services.relay import with_relay
from shared.services.sweep import sweep
from shared.settings import Settings

_LOG = structlog.get_logger()
# Work that was rung for in so many sweeps and is still due has nobody who hears the bell.
_UNHEARD = 3


def start_with_worker(
    engine: Engine, ring: Ring, settings: Settings, work: Mapping[TaskName, Callable[[], object]]
) -> None:
    """Starts the sweeping thread as soon as a worker starts, with or without its broker.

    When the worker is asked to stop, batches end early.
    """
    stop = threading.Event()
    sweeper = _Sweeper(engine, ring, settings, work)

    def run() -> None:
        while not stop.is_set():
            sweeper.once()
            SWEEP.sleep(settings.timing.sweep)

    def start(**_: object) -> None:
        threading.Thread(target=run, name="sweeper", daemon=True).start()

    def end(**_: object) -> None:
        stop.set()
        STOPPING.set()
        SWEEP.within(0)

    worker_init.connect(start, weak=False)
    worker_shutting_down.connect(end, weak=False)


class _Sweeper:
    """Remembers for how many sweeps a bell has gone unheard."""

    def __init__(
        self, engine: Engine, ring: Ring, settings: Settings, work: Mapping[TaskName, Callable[[], object]]
    ) -> None:
        self._engine, self._ring, self._settings, self._work = engine, ring, settings, work
        self._unheard: Counter[TaskName] = Counter()
        self._working: dict[TaskName, threading.Thread] = {}

    def once(self) -> None:
        """One sweep, and the start of the work that nobody else takes up. Never raises: the next sweep tries again."""
        try:
            failures = self._ring.failures
            due = sweep(self._engine, self._ring, with_relay(self._engine, self._settings))
            self._unheard = Counter({task: self._unheard[task] + 1 for task in due})
            for task in due:
                if self._ring.failures > failures or self._unheard[task] >= _UNHEARD:
                    self._start(task)
        except Exception as error:  # noqa: BLE001 - the next sweep tries again
            _LOG.error("sweep.failed", exc_info=error)

    def _start(self, task: TaskName) -> None:
        """Works in a thread of its own, unless the one that was started before is still at it."""
        if (before := self._working.get(task)) is not None and before.is_alive():
            return
        _LOG.info("sweep.works", task=task.value)
        self._working[task] = threading.Thread(target=self._do, args=(task,), name=f"sweeper:{task}", daemon=True)
        self._working[task].start()

    def _do(self, task: TaskName) -> None:
        try:
            self._work[task]()
        except Exception as error:  # noqa: BLE001 - the rows stay due, and a later sweep starts it again
            _LOG.error("task.failed", task=task.value, exc_info=error)
