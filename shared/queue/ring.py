"""The doorbell. A ring says "there is work" and carries nothing else; rings are merged, and a lost one is harmless."""

import time
from typing import Any

import structlog
from amqp.exceptions import AMQPError
from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from shared.queue.broker_state import BrokerAway, read_broker
from shared.queue.names import QUEUE_OF_TASK, QueueName, TaskName
from shared.queue.rush import QUIET_AFTER_FAILURE_S, Rush

_LOG = structlog.get_logger()
# A worker waits for the broker no longer.
_ANSWER_WITHIN_S = 0.5
# A further ring within this time finds the first one still waiting, unless a worker has taken it up.
MERGE_WINDOW_MS = 5_000


def ring_key(task: TaskName) -> str:
    """The Redis key that says this task's bell has been rung."""
    return f"ring:{task}"


class Ring:
    """Rings for work. Never raises: what is due stays due, and the sweep rings again."""

    def __init__(self, celery: Celery, redis: Redis | None) -> None:
        """`redis` None means a broker that merges rings in its queues (RabbitMQ): every ring is published."""
        self._celery = celery
        self._redis = redis
        self.rush = Rush(redis)
        self.failures = 0
        self._quiet_until = float("-inf")

    def ring(self, task: TaskName) -> None:
        """Asks for one run of `task` soon. Call it after COMMIT.

        After a failure nobody waits for the broker again for a while; what is due is found by the sweeps.
        """
        if time.monotonic() < self._quiet_until:
            self.failures += 1
            return
        try:
            if self._redis is None or self._redis.set(ring_key(task), 1, nx=True, px=MERGE_WINDOW_MS):
                self._celery.send_task(task, queue=QUEUE_OF_TASK[task], retry=False, ignore_result=True)
        except (RedisError, OSError, OperationalError, AMQPError):
            self._fail(task, "ring.failed")

    def answer(self, task: TaskName) -> None:
        """Clears the bell. Call it before the claim, so that work which comes later rings anew."""
        if self._redis is None or time.monotonic() < self._quiet_until:
            return
        try:
            self._redis.delete(ring_key(task))
        except (RedisError, OSError):
            self._fail(task, "ring.answer_failed")

    def tell_of_rush(self) -> None:
        """People wait for pages (`shared.queue.rush`). May be called as often as there are requests."""
        if self.rush.is_news():
            self.rush.tell()

    def queue_lengths(self) -> dict[QueueName, int] | None:
        """Rings that nobody has taken up, by queue; None while the broker is away."""
        try:
            if self._redis is None:
                url = self._celery.conf.broker_url
                return dict(read_broker(url, within_s=_ANSWER_WITHIN_S).lengths)
            # Any: the client's types allow for an asynchronous one too.
            lengths: list[Any] = [self._redis.llen(queue.value) for queue in QueueName]
        except (RedisError, OSError, BrokerAway):
            return None
        return {queue: int(length) for queue, length in zip(QueueName, lengths, strict=True)}

    def _fail(self, task: TaskName, event: str) -> None:
        self.failures += 1
        self._quiet_until = time.monotonic() + QUIET_AFTER_FAILURE_S
        _LOG.warning(event, task=task.value, failures=self.failures)


def connect_redis(url: str) -> Redis | None:
    """A Redis client with short time-outs for a redis:// URL, None for another kind of broker."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return None
    return Redis.from_url(
        url,
        socket_timeout=_ANSWER_WITHIN_S,
        socket_connect_timeout=_ANSWER_WITHIN_S,
        socket_keepalive=True,
        health_check_interval=25,
    )
