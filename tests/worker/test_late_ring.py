"""Pages ring without waiting: a broker that hangs costs them nothing, and a crowd rings once."""

import socket
import threading
import time

import pytest

from shared.queue.late_ring import LateRing
from shared.queue.names import TaskName
from shared.queue.ring import Ring, connect_redis

ASKED = (TaskName.PREPARE_SUBMISSIONS, TaskName.SEND_MAIL)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[TaskName]:
    """What the ring that talks to the broker was asked for."""
    asked: list[TaskName] = []
    monkeypatch.setattr(Ring, "ring", lambda _self, task: asked.append(task))
    return asked


def wait_for(heard: list[TaskName], count: int) -> None:
    ends = time.monotonic() + 5
    while len(heard) < count and time.monotonic() < ends:
        time.sleep(0.005)


def test_a_crowd_rings_once(heard: list[TaskName]) -> None:
    ring = LateRing(None, None)  # type: ignore[arg-type]
    for _ in range(100):
        for task in ASKED:
            ring.ring(task)
    wait_for(heard, 2)
    time.sleep(0.05)
    assert len(heard) < 20
    assert set(heard) == set(ASKED)


def test_the_thread_outlives_whatever_happens(heard: list[TaskName], monkeypatch: pytest.MonkeyPatch) -> None:
    def break_once(_self: Ring, task: TaskName) -> None:
        heard.append(task)
        if len(heard) == 1:
            raise RuntimeError

    monkeypatch.setattr(Ring, "ring", break_once)
    ring = LateRing(None, None)  # type: ignore[arg-type]
    ring.ring(TaskName.SEND_MAIL)
    wait_for(heard, 1)
    ring.ring(TaskName.SEND_MAIL)
    wait_for(heard, 2)
    assert len(heard) == 2


def test_a_broker_that_hangs_holds_up_no_page() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ring = LateRing(None, connect_redis(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))  # type: ignore[arg-type]
        began = time.monotonic()
        ring.ring(TaskName.SEND_MAIL)
        assert time.monotonic() - began < 0.1


def test_a_rush_is_told_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(Ring, "tell_of_rush", lambda _self: told.set())
    LateRing(None, None).tell_of_rush()  # type: ignore[arg-type]
    assert told.wait(5)
