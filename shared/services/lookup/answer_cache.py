"""Remembers answers by the address as it was read, in this process's memory only. Knows nothing of what they mean."""

import threading
import time
from collections.abc import Hashable

from shared.domain.places import LookupResult

# About 1 kB each: 12 MB of a worker's memory at most.
SIZE = 12_000
# What an outside service said is soon asked again; own data are renewed with the directory.
REMOTE_LIFETIME_S = 300.0


class AnswerCache:
    """The newest answers; the oldest leave first. Safe in several threads."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._answers: dict[Hashable, tuple[LookupResult, float | None]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> LookupResult | None:
        """The answer, unless it is too old."""
        found = self._answers.get(key)
        if found is None or (found[1] is not None and time.monotonic() > found[1]):
            return None
        return found[0]

    def put(self, key: Hashable, result: LookupResult, *, lifetime_s: float | None = None) -> None:
        """Keeps an answer; forever when no lifetime is given."""
        ends_at = None if lifetime_s is None else time.monotonic() + lifetime_s
        with self._lock:
            while len(self._answers) >= self._size:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = (result, ends_at)
