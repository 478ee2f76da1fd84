"""What every geocoder adapter offers, whoever stands behind it."""

import math
from dataclasses import dataclass
from typing import Protocol

from shared.domain.places import Chamber, HomeAddress, MatchType

_MOST_LATITUDE, _MOST_LONGITUDE = 90.0, 180.0


@dataclass(frozen=True)
class Place:
    """An address as a geocoder knows it, and how far its position may be off, in metres.

    `districts` are the state legislative districts that the service itself names, as it writes them. ValueError for
    a position that is none on earth.
    """

    type: MatchType
    lat: float
    lon: float
    error_m: float
    number: str
    street: str
    city: str
    state: str
    zip: str
    districts: tuple[tuple[Chamber, str], ...] = ()

    def __post_init__(self) -> None:
        on_earth = abs(self.lat) <= _MOST_LATITUDE and abs(self.lon) <= _MOST_LONGITUDE
        if not (on_earth and math.isfinite(self.error_m)):
            raise ValueError("not a position on earth")


class Geocoder(Protocol):
    """Asks one service. Raises Retryable, Throttled or Permanent; finding nothing is an empty list."""

    @property
    def name(self) -> str:
        """The service's name, stored with every match."""

    def find(self, address: HomeAddress) -> list[Place]:
        """The places that the service takes for the address, best first."""
