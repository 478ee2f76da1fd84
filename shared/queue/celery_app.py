"""The Celery app, the same for who rings and who works. It is a doorbell: no results, no retries, no countdowns."""

from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from shared.queue.names import QUEUE_OF_TASK, QueueName, TaskName
from shared.settings import Settings

# Much longer than any run (`worker/shift.py`), so that no message comes back while its task is at work.
VISIBILITY_TIMEOUT_S = 900
SWEEP_EVERY_S = 10
TIDY_EVERY_S = 600


def make_celery(settings: Settings) -> Celery:
    """Configured for the broker in the settings; knows task names, not their code."""
    app = Celery("dearrep", broker=settings.redis_url, set_as_current=False)
    is_redis = settings.redis_url.startswith(("redis", "unix"))
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A broker that refuses to write (a replica after a failover) would end the worker, and its sweeper with it.
        broker_channel_error_retry=True,
        broker_connection_timeout=2,
        task_publish_retry=False,
        task_create_missing_queues=False,
        # Each with an exchange of its own: bound to the default's, a message by exchange would reach all of them.
        task_queues=[_queue(name, is_redis=is_redis) for name in QueueName],
        task_default_queue=QueueName.PERIODIC.value,
        task_routes={task.value: {"queue": queue.value} for task, queue in QUEUE_OF_TASK.items()},
        beat_schedule={
            task.value: {"task": task.value, "schedule": every, "options": {"expires": every}}
            for task, every in ((TaskName.SWEEP, SWEEP_EVERY_S), (TaskName.TIDY, TIDY_EVERY_S))
        },
        timezone="UTC",
    )
    if is_redis:
        app.conf.broker_transport_options = {
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "socket_timeout": 10,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 25,
        }
    else:
        app.conf.update(
            # A ring need not survive the broker, so it is not written to its disk.
            task_default_delivery_mode="transient",
            broker_heartbeat=30,
            # As many hosts as a small cluster has are tried, at once; without these a ring would wait between tries.
            broker_transport_options={"max_retries": 2, "interval_start": 0, "interval_step": 0, "interval_max": 0},
        )
    return app


def _queue(name: QueueName, *, is_redis: bool) -> Queue:
    """RabbitMQ merges rings itself: what waits in a queue says the same as a newer ring, which takes its place."""
    arguments: dict[str, Any] | None = None
    if not is_redis:
        tasks = sum(queue is name for queue in QUEUE_OF_TASK.values())
        # Named, because a host's default may be quorum queues, on which a worker's limit of messages in hand fails.
        arguments = {"x-queue-type": "classic", "x-max-length": tasks, "x-overflow": "drop-head"}
    return Queue(name.value, Exchange(name.value), routing_key=name.value, queue_arguments=arguments)
