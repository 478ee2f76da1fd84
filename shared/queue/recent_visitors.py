"""Which networks the last visitors came from, as keyed hashes in Redis that all processes share.

Only `dearrep doctor` and the console read it, and losing it is harmless. With another kind of broker, or while Redis
doesn't answer, each process knows its own visitors only.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

KEY = "visitors:recent"
MOST = 500
_KEPT_S = 24 * 60 * 60
# Marks are written together after this time, by a thread of their own: no page waits for Redis.
_GATHER_S = 2.0
_READ_EVERY_S = 10.0


class RecentVisitors:
    """The marks of the last visitors, `MOST` at most."""

    def __init__(self, redis: Redis | None) -> None:
        # Any: the client's types allow for an asynchronous one too.
        self._redis: Any = redis
        self._lock = threading.Lock()
        self._own: deque[str] = deque(maxlen=MOST)
        self._unwritten: deque[str] = deque(maxlen=MOST)
        self._is_waiting = False
        self._is_first = True
        self._read: list[str] = []
        self._read_at = float("-inf")

    def note(self, mark: str) -> None:
        """Adds a visitor, and returns at once."""
        self._own.append(mark)
        if self._redis is None:
            return
        with self._lock:
            self._unwritten.append(mark)
            if not self._is_waiting:
                self._is_waiting = _start(self.write)

    def write(self) -> None:
        """Writes what was noted. Never raises: it drops what it can't write."""
        with self._lock:
            marks, self._is_waiting = list(self._unwritten), False
            self._unwritten.clear()
        if not marks:
            return
        try:
            with self._redis.pipeline() as pipe:
                if self._is_first:
                    # Older marks were made with other settings, perhaps.
                    pipe.delete(KEY)
                pipe.rpush(KEY, *marks).ltrim(KEY, -MOST, -1).expire(KEY, _KEPT_S).execute()
            self._is_first = False
        except (RedisError, OSError):
            return

    def recent(self) -> list[str]:
        """The marks of all processes, some seconds old at most."""
        if time.monotonic() - self._read_at > _READ_EVERY_S:
            self._read_at = time.monotonic()
            try:
                self._read = read_recent(self._redis) or []
            except (RedisError, OSError):
                self._read = []
        return self._read or list(self._own)


def read_recent(redis: Any) -> list[str] | None:
    """The marks that all processes wrote; None with another kind of broker. Raises RedisError and OSError."""
    return None if redis is None else [mark.decode() for mark in redis.lrange(KEY, 0, -1)]


def _start(write: Callable[[], None]) -> bool:
    timer = threading.Timer(_GATHER_S, write)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:
        # There is no thread left: the next visitor tries again.
        return False
    return True
