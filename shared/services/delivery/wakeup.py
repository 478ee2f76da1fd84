"""Lets the thread that sweeps sleep until work may go on: a relay's rest ends before the next sweep is due."""

import threading
import time


class Wakeup:
    """A sleep of one thread that others may shorten. A call that comes too early or twice does no harm."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._at = float("inf")

    def within(self, seconds: float) -> None:
        """Ends the sleep after so many seconds, unless it ends sooner."""
        with self._changed:
            self._at = min(self._at, time.monotonic() + seconds)
            self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Sleeps for so long at most."""
        until = time.monotonic() + seconds
        with self._changed:
            while (left := min(until, self._at) - time.monotonic()) > 0:
                self._changed.wait(left)
            self._at = float("inf")


# Set when a relay's rest begins in this process.
SWEEP = Wakeup()
