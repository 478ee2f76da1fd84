"""Limits of step 1, counted in this process's memory only, by keyed hashes: nobody's address is kept.

The generous ones are for programs; people at one table, in one school or behind one carrier's network stay below.
"""

from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from shared.domain.identities import email_hash, source_hash
from shared.domain.visitors import visitor_mark
from shared.fences import read_limit
from shared.queue.recent_visitors import RecentVisitors
from shared.settings import Settings


class Tries:
    """How often networks and email addresses began letters here."""

    def __init__(self, settings: Settings, visitors: RecentVisitors) -> None:
        self._secret, self._visitors = settings.secret_key, visitors
        self._network, self._email = read_limit(settings.network_limit), read_limit(settings.email_limit)
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def network_may(self, address: str) -> bool:
        """Counts a try from this address, a private one like any other."""
        source = source_hash(self._secret, address)
        may = self._network is None or self._counter.hit(self._network, "network", source)
        if may:
            # A flood that is refused says nothing about the other visitors.
            self._visitors.note(visitor_mark(self._secret, address))
        return may

    def email_may(self, email: str) -> bool:
        """Counts a try with this email address."""
        return self._email is None or self._counter.hit(self._email, "email", email_hash(self._secret, email))
