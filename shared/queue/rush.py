"""Pages before letters: the web tier says that people wait for pages, and workers leave it the processors meanwhile.

Letters that leave a minute later cost nobody anything. Nothing depends on it: without Redis, or with another kind of
broker, workers simply go on.
"""

import threading
import time

from redis import Redis
from redis.exceptions import RedisError

KEY = "pages:rush"
# How long pages count as in a rush after the last word of it, and how often that word is passed on.
LASTS_S = 0.5
TOLD_EVERY_S = 0.1
# In a rush a process begins one batch, of whatever kind, in this time; letters go on leaving, slowly.
REST_S = 0.25
_LOOK_EVERY_S = 0.05
# A broker that does not answer is not asked again for so long.
QUIET_AFTER_FAILURE_S = 5.0


class Rush:
    """Shared by all processes of one broker, and by all threads of a process."""

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._turnstile = threading.Lock()
        self._looked_at = self._told_at = float("-inf")
        self._is_on = False

    def is_news(self) -> bool:
        """True when nobody in this process has passed it on just now."""
        return time.monotonic() - self._told_at > TOLD_EVERY_S

    def tell(self) -> None:
        """People wait for pages now. Never raises."""
        self._told_at = time.monotonic()
        if self._redis is not None:
            try:
                self._redis.set(KEY, 1, px=round(LASTS_S * 1_000))
            except (RedisError, OSError):
                return

    def is_on(self) -> bool:
        """What was told last, a moment old at most; False when nobody can be asked."""
        if self._redis is not None and time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            try:
                self._is_on = bool(self._redis.exists(KEY))
            except (RedisError, OSError):
                self._is_on = False
                self._looked_at += QUIET_AFTER_FAILURE_S
        return self._is_on

    def make_way(self) -> None:
        """Call it before a batch. In a rush it returns to one thread of the process after the other, with rests."""
        if not self.is_on():
            return
        with self._turnstile:
            ends = time.monotonic() + REST_S
            while time.monotonic() < ends and self.is_on():
                time.sleep(_LOOK_EVERY_S)
