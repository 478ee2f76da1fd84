"""Pages come first: the web tier notices a rush and says so, and workers go on slowly while it lasts."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fakeredis import FakeRedis
from flask import Flask
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.queue import rush
from shared.queue.ring import Ring
from shared.queue.rush import KEY, REST_S, Rush
from web import rush as counted

_NOBODY: Any = None


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def long_rush(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not outlive it."""
    monkeypatch.setattr(rush, "LASTS_S", 60.0)


def passes_in(rush: Rush, threads: int, seconds: float) -> int:
    """How often threads come through within so many seconds."""
    ends = time.monotonic() + seconds

    def work() -> int:
        passed = 0
        while time.monotonic() < ends:
            rush.make_way()
            passed += 1
            time.sleep(0.005)
        return passed

    with ThreadPoolExecutor(threads) as pool:
        return sum(future.result() for future in [pool.submit(work) for _ in range(threads)])


@pytest.mark.usefixtures("long_rush")
def test_a_rush_is_known_everywhere_and_ends_by_itself(redis: FakeRedis) -> None:
    web, worker = Rush(redis), Rush(redis)
    assert not worker.is_on()
    web.tell()
    time.sleep(0.06)
    assert worker.is_on()
    assert 0 < redis.pttl(KEY) <= 60_000


def test_nobody_waits_without_a_rush(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "REST_S", 60.0)
    began = time.monotonic()
    Rush(redis).make_way()
    assert time.monotonic() - began < 30


def test_in_a_rush_all_threads_together_begin_one_batch_after_the_other(redis: FakeRedis) -> None:
    redis.set(KEY, 1)
    passed = passes_in(Rush(redis), threads=6, seconds=3 * REST_S)
    # Each thread that waits at the end comes through once more.
    assert 1 <= passed <= 3 + 6 + 1


def test_work_goes_on_when_the_rush_is_over(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "REST_S", 60.0)
    redis.set(KEY, 1)
    slow = Rush(redis)
    threading.Timer(0.1, lambda: redis.delete(KEY)).start()
    began = time.monotonic()
    slow.make_way()
    assert time.monotonic() - began < 30


def test_it_is_told_only_so_often(redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "TOLD_EVERY_S", 60.0)
    ring = Ring(_NOBODY, redis)
    ring.tell_of_rush()
    redis.delete(KEY)
    ring.tell_of_rush()
    assert not redis.exists(KEY)
    monkeypatch.setattr(rush, "TOLD_EVERY_S", 0.0)
    ring.tell_of_rush()
    assert redis.exists(KEY)


class _Away:
    """A broker that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    def exists(self, _key: str) -> int:
        self.asked += 1
        raise RedisConnectionError

    def set(self, *_: object, **__: object) -> None:
        raise RedisConnectionError


def test_a_broker_that_is_away_holds_up_nobody_and_is_left_alone() -> None:
    away = _Away()
    one = Rush(away)  # type: ignore[arg-type]
    one.tell()
    for _ in range(3):
        one.make_way()
        time.sleep(0.06)
    assert away.asked == 1


def test_a_broker_of_another_kind_knows_of_no_rush() -> None:
    one = Rush(None)
    one.tell()
    assert not one.is_on()


@pytest.mark.usefixtures("long_rush")
@pytest.mark.parametrize(
    ("readers", "path", "is_rush"),
    [(counted.RUSH_FROM - 1, "/", False), (counted.RUSH_FROM, "/", True), (counted.RUSH_FROM, "/static/style", False)],
)
def test_many_pages_at_once_are_a_rush(redis: FakeRedis, readers: int, path: str, is_rush: bool) -> None:
    app, together = Flask("test", static_folder=None), threading.Barrier(readers)

    @app.get("/")
    @app.get("/static/style")
    def page() -> str:
        together.wait(5)
        return "ok"

    counted.install(app, Ring(_NOBODY, redis))
    with ThreadPoolExecutor(readers) as pool:
        answers = list(pool.map(lambda _: app.test_client().get(path).status_code, range(readers)))
    assert answers == [200] * readers
    assert bool(redis.exists(KEY)) is is_rush


def test_requests_that_fail_are_no_longer_under_way(redis: FakeRedis) -> None:
    app = Flask("test")
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.get("/")
    def page() -> str:
        raise ZeroDivisionError

    counted.install(app, Ring(_NOBODY, redis))
    for _ in range(2 * counted.RUSH_FROM):
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/")
    assert not redis.exists(KEY)
