"""Starts the heartbeat of a worker or of the scheduler, whichever this process becomes."""

from celery.signals import beat_init, worker_init
from sqlalchemy import Engine

from shared.domain.running import ProcessKind
from shared.queue.names import QueueName
from shared.services.heartbeat import Heartbeat
from shared.settings import Settings


def start_with_process(engine: Engine, settings: Settings) -> None:
    """Begins with the process, with or without its broker."""

    def start_worker(sender: object = None, **_: object) -> None:
        Heartbeat(engine, settings, kind_of(sender)).start()

    def start_scheduler(**_: object) -> None:
        Heartbeat(engine, settings, ProcessKind.SCHEDULER).start()

    worker_init.connect(start_worker, weak=False)
    beat_init.connect(start_scheduler, weak=False)


def kind_of(worker: object) -> ProcessKind:
    """A worker of the delivery queue is `worker`, any other is `background`."""
    queues = worker.app.amqp.queues.consume_from  # type: ignore[attr-defined]
    return ProcessKind.WORKER if QueueName.DELIVERY in queues else ProcessKind.BACKGROUND
