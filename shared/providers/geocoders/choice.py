"""Makes the geocoders that DEARREP_GEOCODERS names, each behind its guard."""

from functools import lru_cache

from shared.providers.geocoders.base import Geocoder
from shared.providers.geocoders.census import CensusGeocoder
from shared.providers.geocoders.geocodio import GeocodioGeocoder
from shared.providers.geocoders.guard import Guarded
from shared.providers.geocoders.openstreetmap import NominatimGeocoder, PhotonGeocoder
from shared.settings import read_geocoders


@lru_cache(maxsize=8)
def choose_geocoders(text: str) -> tuple[Geocoder, ...]:
    """`census, nominatim=https://maps.example.org, geocodio=KEY`; empty when no outside service is wanted.

    The same text gives the same objects, so that pace and breaker are shared by all threads.
    """
    return tuple(Guarded(_make(name, value)) for name, value in read_geocoders(text))


def _make(name: str, value: str) -> Geocoder:
    if name == "census":
        return CensusGeocoder(value) if value else CensusGeocoder()
    if name == "geocodio":
        return GeocodioGeocoder(value)
    return NominatimGeocoder(value) if name == "nominatim" else PhotonGeocoder(value, name=name)
