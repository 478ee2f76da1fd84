"""How many runs of one kind of work a process does at a time, without missing a bell."""

import threading
import time
from collections.abc import Callable

# A run that takes longer has met something slow, and must not keep others from what is quick.
COUNTS_FOR_S = 5.0


class Shift:
    """Runs `work` at most `most` times at once. A bell that finds all at work makes one of them look again."""

    def __init__(self, work: Callable[[], object], most: int) -> None:
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._begun: list[float] = []
        self._is_wanted_again = False

    def __call__(self) -> None:
        """Works, or leaves it to those who are at it; raises what the work raised last."""
        now = time.monotonic()
        with self._lock:
            if sum(now - begun < COUNTS_FOR_S for begun in self._begun) >= self._most:
                self._is_wanted_again = True
                return
            self._begun.append(now)
        failed: Exception | None = None
        stays = True
        while stays:
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 - the bells that rang meanwhile are heard first
                failed = error
            stays = self._stays(now)
        if failed is not None:
            raise failed

    def _stays(self, begun: float) -> bool:
        """Looking and leaving are one step, so that no bell falls between them."""
        with self._lock:
            wanted, self._is_wanted_again = self._is_wanted_again, False
            if not wanted:
                self._begun.remove(begun)
            return wanted
