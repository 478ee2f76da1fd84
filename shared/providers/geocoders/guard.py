"""Stands in front of an outside service: tries again, keeps its pace, and leaves it alone while it is sick."""

import threading
import time
from collections.abc import Callable

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from shared.domain.places import HomeAddress
from shared.errors import Retryable, Throttled
from shared.providers.geocoders.base import Geocoder, Place

ATTEMPTS = 2
# After so many failed calls in a row the service is left alone for a while.
FAILURES_TO_OPEN = 5
OPEN_S = 60.0
LEAST_INTERVAL_S = 0.1
_LONGEST_WAIT_S = 2.0


class Guarded:
    """A geocoder with retries, a pace and a breaker; one for all threads of a process."""

    def __init__(
        self,
        geocoder: Geocoder,
        *,
        least_interval_s: float = LEAST_INTERVAL_S,
        first_pause_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = geocoder.name
        self._geocoder, self._interval_s = geocoder, least_interval_s
        self._first_pause_s, self._clock, self._sleep = first_pause_s, clock, sleep
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._closed_until = 0.0
        self._failures = 0

    def find(self, address: HomeAddress) -> list[Place]:
        """Like the geocoder's own; raises Throttled at once while the service is left alone or its queue is long."""
        retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=self._first_pause_s, max=_LONGEST_WAIT_S),
            retry=retry_if_exception(lambda error: isinstance(error, Retryable) and not isinstance(error, Throttled)),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, address)

    def _once(self, address: HomeAddress) -> list[Place]:
        self._sleep(self._take_turn())
        try:
            found = self._geocoder.find(address)
        except Retryable as error:
            self._note_failure(error)
            raise
        with self._lock:
            self._failures = 0
        return found

    def _take_turn(self) -> float:
        """Seconds until this call's turn."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                raise Throttled(f"{self.name} is left alone for now.", self._closed_until - now)
            wait = max(self._free_at - now, 0.0)
            if wait > _LONGEST_WAIT_S:
                raise Throttled(f"{self.name} has a long queue.", wait)
            self._free_at = now + wait + self._interval_s
            return wait

    def _note_failure(self, error: Retryable) -> None:
        with self._lock:
            self._failures += 1
            pause = error.retry_after if isinstance(error, Throttled) else None
            if pause is None and self._failures >= FAILURES_TO_OPEN:
                pause = OPEN_S
            if pause is not None:
                self._closed_until = self._clock() + pause
