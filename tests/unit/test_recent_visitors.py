"""Marks of visitors reach Redis a moment later, from all processes, and no visitor waits for that."""

import time

import pytest
from fakeredis import FakeRedis

from shared.queue import recent_visitors
from shared.queue.recent_visitors import RecentVisitors, read_recent
from shared.queue.ring import connect_redis
from tests.waiting import wait_until


def test_processes_share_what_they_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_visitors, "_GATHER_S", 0.01)
    redis = FakeRedis()
    one, other = RecentVisitors(redis), RecentVisitors(redis)
    one.note("a")
    wait_until(lambda: read_recent(redis) == ["a"], 5, "the first mark")
    # A process that starts forgets the marks that were made with older settings.
    other.note("b")
    wait_until(lambda: read_recent(redis) == ["b"], 5, "the other process")
    for mark in "cd":
        one.note(mark)
        other.note(mark)
    wait_until(lambda: len(read_recent(redis) or []) == 5, 5, "all marks")
    assert sorted(one.recent()) == list("bccdd")


def test_nobody_waits_without_redis_or_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_self: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", no_thread)
    visitors = RecentVisitors(connect_redis("redis://127.0.0.1:9/0"))
    began = time.monotonic()
    visitors.note("a")
    visitors.write()
    visitors.note("b")
    assert visitors.recent() == ["a", "b"]
    assert time.monotonic() - began < 1.0
