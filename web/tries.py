"""Limits of step 1, counted in this process's memory only, by keyed hashes: nobody's address is kept.

The generous ones are for programs; people at one table, in one school or behind one carrier's network stay below.
"""

from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from shared.domain.identities import email_hash, source_hash
from shared.fences import read_limit
from shared.settings import Settings
from web.client_address import is_near


class Tries:
    """How often networks and email addresses began letters here."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.secret_key
        self._network, self._email = read_limit(settings.network_limit), read_limit(settings.email_limit)
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def network_may(self, address: str) -> bool:
        """Counts a try from this address. Near ones are not limited: behind a proxy that names nobody all are."""
        if self._network is None or is_near(address):
            return True
        return self._counter.hit(self._network, "network", source_hash(self._secret, address))

    def email_may(self, email: str) -> bool:
        """Counts a try with this email address."""
        return self._email is None or self._counter.hit(self._email, "email", email_hash(self._secret, email))
