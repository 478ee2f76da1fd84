"""How many runs of one kind of work a process does at a time, without ever missing a bell."""

import threading
from collections.abc import Callable


class Shift:
    """Runs `work` at most `most` times at once. A bell that finds all at work makes one of them look again."""

    def __init__(self, work: Callable[[], object], most: int) -> None:
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._at_work = 0
        self._is_wanted_again = False

    def __call__(self) -> None:
        """Works, or leaves it to those who are at it."""
        with self._lock:
            if self._at_work >= self._most:
                self._is_wanted_again = True
                return
            self._at_work += 1
        try:
            self._work()
            while self._stays():
                self._work()
        except BaseException:
            self._leave()
            raise

    def _stays(self) -> bool:
        """Looking and leaving are one step, so that no bell falls between them."""
        with self._lock:
            wanted, self._is_wanted_again = self._is_wanted_again, False
            if not wanted:
                self._at_work -= 1
            return wanted

    def _leave(self) -> None:
        with self._lock:
            self._at_work -= 1
