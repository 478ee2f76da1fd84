"""The doorbell, carried by fakeredis: rings are merged, answered, and never raise."""

from collections import Counter

import pytest
from amqp.exceptions import AccessRefused
from celery import Celery
from fakeredis import FakeRedis
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.queue.celery_app import make_celery
from shared.queue.names import QUEUE_OF_TASK, QueueName, TaskName
from shared.queue.ring import MERGE_WINDOW_MS, Ring, connect_redis, ring_key
from shared.settings import Settings


class CountingCelery(Celery):
    """Keeps what was published instead of sending it."""

    def __init__(self) -> None:
        super().__init__("test", broker="memory://")
        self.sent: list[tuple[str, str]] = []
        self.broken = False

    def send_task(self, name: str, **options: object) -> None:  # type: ignore[override]
        if self.broken:
            raise OperationalError("the broker is gone")
        assert "args" not in options
        self.sent.append((str(name), str(options["queue"])))


@pytest.fixture
def celery() -> CountingCelery:
    return CountingCelery()


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


def test_rings_are_merged_until_they_are_answered(celery: CountingCelery, redis: FakeRedis) -> None:
    ring = Ring(celery, redis)
    for _ in range(3):
        ring.ring(TaskName.DELIVER_LETTERS)
    assert celery.sent == [("letters.deliver", "delivery")]
    ring.answer(TaskName.DELIVER_LETTERS)
    ring.ring(TaskName.DELIVER_LETTERS)
    assert len(celery.sent) == 2


def test_a_lost_ring_is_rung_again_after_the_window(celery: CountingCelery, redis: FakeRedis) -> None:
    Ring(celery, redis).ring(TaskName.SEND_MAIL)
    assert 0 < redis.pttl(ring_key(TaskName.SEND_MAIL)) <= MERGE_WINDOW_MS


def test_tasks_have_bells_of_their_own(celery: CountingCelery, redis: FakeRedis) -> None:
    ring = Ring(celery, redis)
    ring.ring(TaskName.DELIVER_LETTERS)
    ring.ring(TaskName.RETRY_LETTERS)
    assert len(celery.sent) == 2


def test_nothing_but_the_bell_is_in_redis(celery: CountingCelery, redis: FakeRedis) -> None:
    Ring(celery, redis).ring(TaskName.PREPARE_SUBMISSIONS)
    assert {key: redis.get(key) for key in redis.scan_iter()} == {b"ring:submissions.prepare": b"1"}


def test_a_broker_that_is_gone_is_counted_and_never_raised(celery: CountingCelery, redis: FakeRedis) -> None:
    ring = Ring(celery, redis)
    celery.broken = True
    ring.ring(TaskName.DELIVER_LETTERS)

    class Gone(FakeRedis):
        def set(self, *_: object, **__: object) -> None:
            raise RedisConnectionError

        def delete(self, *_: object) -> None:
            raise RedisConnectionError

    lost = Ring(celery, Gone())
    lost.ring(TaskName.DELIVER_LETTERS)
    lost.answer(TaskName.DELIVER_LETTERS)
    assert (ring.failures, lost.failures) == (1, 1)


def test_another_broker_rings_without_merging(celery: CountingCelery) -> None:
    ring = Ring(celery, connect_redis("amqp://localhost"))
    ring.ring(TaskName.DELIVER_LETTERS)
    ring.ring(TaskName.DELIVER_LETTERS)
    ring.answer(TaskName.DELIVER_LETTERS)
    assert len(celery.sent) == 2


def test_a_broker_that_refuses_us_is_counted_and_never_raised(
    celery: CountingCelery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AccessRefused

    monkeypatch.setattr(celery, "send_task", refuse)
    ring = Ring(celery, None)
    ring.ring(TaskName.DELIVER_LETTERS)
    assert ring.failures == 1


@pytest.mark.parametrize(("url", "merges"), [("redis://localhost", False), ("amqps://localhost//", True)])
def test_only_rabbitmq_merges_rings_in_its_queues(url: str, *, merges: bool) -> None:
    app = make_celery(Settings("postgresql://localhost/none", url, "k" * 32, environment="test"))
    limits = {queue.name: (queue.queue_arguments or {}).get("x-max-length") for queue in app.conf.task_queues}
    tasks = Counter(QUEUE_OF_TASK.values())
    assert limits == {queue.value: tasks[queue] if merges else None for queue in QueueName}


def test_every_task_has_a_queue() -> None:
    assert set(QUEUE_OF_TASK) == set(TaskName)
    assert set(QUEUE_OF_TASK.values()) == set(QueueName)
