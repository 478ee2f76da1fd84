"""Every worker sweeps by itself, so that a lost ring, a lost Redis or a missing scheduler delays but loses nothing."""

import threading

import structlog
from celery.signals import worker_ready, worker_shutting_down
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import STOPPING
from shared.services.sweep import sweep
from shared.settings import Settings

_LOG = structlog.get_logger()


def start_with_worker(engine: Engine, ring: Ring, settings: Settings) -> None:
    """Starts the sweeping thread when a worker is ready; when it is asked to stop, batches end early."""
    stop = threading.Event()

    def run() -> None:
        while True:
            try:
                sweep(engine, ring, settings)
            except Exception as error:  # noqa: BLE001 - the next sweep tries again
                _LOG.error("sweep.failed", exc_info=error)
            if stop.wait(settings.timing.sweep):
                return

    def start(**_: object) -> None:
        threading.Thread(target=run, name="sweeper", daemon=True).start()

    def end(**_: object) -> None:
        stop.set()
        STOPPING.set()

    worker_ready.connect(start, weak=False)
    worker_shutting_down.connect(end, weak=False)
