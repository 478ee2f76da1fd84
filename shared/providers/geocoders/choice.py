"""Reads DEARREP_GEOCODERS: names in the order to ask them, with a server's address or a key where one is needed."""

from functools import lru_cache

from shared.errors import SettingsError
from shared.providers.geocoders.base import Geocoder
from shared.providers.geocoders.census import CensusGeocoder
from shared.providers.geocoders.geocodio import GeocodioGeocoder
from shared.providers.geocoders.guard import Guarded
from shared.providers.geocoders.openstreetmap import NominatimGeocoder, PhotonGeocoder


@lru_cache(maxsize=8)
def choose_geocoders(text: str) -> tuple[Geocoder, ...]:
    """`census, nominatim=https://maps.example.org, geocodio=KEY`; empty when no outside service is wanted.

    The same text gives the same objects, so that pace and breaker are shared by all threads.
    """
    entries = (part.strip() for part in text.split(",") if part.strip())
    return tuple(Guarded(_make(*entry.partition("=")[::2])) for entry in entries)


def _make(name: str, value: str) -> Geocoder:
    name, value = name.strip().casefold(), value.strip()
    if name == "census":
        return CensusGeocoder(value) if value else CensusGeocoder()
    if name == "geocodio" and value:
        return GeocodioGeocoder(value)
    if name == "nominatim" and value:
        return NominatimGeocoder(value)
    if name in ("photon", "pelias") and value:
        return PhotonGeocoder(value, name=name)
    raise SettingsError(
        "DEARREP_GEOCODERS takes census, geocodio=KEY, nominatim=URL, photon=URL and pelias=URL, separated by commas;"
        f" “{name}” is none of these or lacks its URL or key."
    )
