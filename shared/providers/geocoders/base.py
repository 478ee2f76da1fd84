"""What every geocoder adapter offers, whoever stands behind it."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.places import HomeAddress, MatchType


@dataclass(frozen=True)
class Place:
    """An address as a geocoder knows it, and how far its position may be off."""

    type: MatchType
    lat: float
    lon: float
    error_m: float
    number: str
    street: str
    city: str
    state: str
    zip: str


class Geocoder(Protocol):
    """Asks one service. Raises Retryable, Throttled or Permanent; finding nothing is an empty list."""

    @property
    def name(self) -> str:
        """The service's name, stored with every match."""

    def find(self, address: HomeAddress) -> list[Place]:
        """The places that the service takes for the address, best first."""
