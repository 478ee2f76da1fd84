"""Geocoders on OpenStreetMap data that a group runs itself: Nominatim, and Photon or Pelias. No public server is set.

The public Nominatim forbids personal data, so each of these needs its own server's address.
"""

from typing import Any

from shared.domain.places import HomeAddress, MatchType
from shared.errors import Retryable
from shared.providers.geocoders.base import Place
from shared.providers.http import get_json

# A house mapped as a building or an entrance.
_ERROR_M = 25.0


class NominatimGeocoder:
    """Nominatim's structured search, format jsonv2."""

    name = "nominatim"

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/search"

    def find(self, address: HomeAddress) -> list[Place]:
        """Places with a house number only: a street or a town is no answer."""
        typed = {"street": address.street, "city": address.city, "state": address.state, "postalcode": address.zip}
        fixed = {"format": "jsonv2", "addressdetails": "1", "countrycodes": "us", "limit": "5"}
        answer = get_json(self._url, params={**{k: v for k, v in typed.items() if v}, **fixed})
        try:
            return [_nominatim_place(result) for result in answer if result["address"].get("house_number")]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Retryable("Nominatim sent an answer of another form.") from error


def _nominatim_place(result: dict[str, Any]) -> Place:
    parts = result["address"]
    city = next((parts[key] for key in ("city", "town", "village", "hamlet") if parts.get(key)), "")
    return Place(
        type=MatchType.POINT,
        lat=float(result["lat"]),
        lon=float(result["lon"]),
        error_m=_ERROR_M,
        number=str(parts["house_number"]),
        street=str(parts.get("road") or ""),
        city=str(city),
        state=str(parts.get("ISO3166-2-lvl4") or parts.get("state") or "").removeprefix("US-"),
        zip=str(parts.get("postcode") or ""),
    )


class PhotonGeocoder:
    """Photon's and Pelias' GeoJSON search; both name a house number, a street, a city and a ZIP code."""

    def __init__(self, url: str, *, name: str = "photon") -> None:
        self.name = name
        path, self._query = ("/v1/search", "text") if name == "pelias" else ("/api", "q")
        self._url = url.rstrip("/") + path

    def find(self, address: HomeAddress) -> list[Place]:
        """Places with a house number only."""
        answer = get_json(self._url, params={self._query: address.one_line(), "limit": "5"})
        try:
            return [place for place in map(_photon_place, answer["features"]) if place.number]
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Retryable("The geocoder sent an answer of another form.") from error


def _photon_place(feature: dict[str, Any]) -> Place:
    parts = feature["properties"]
    lon, lat = feature["geometry"]["coordinates"][:2]
    return Place(
        type=MatchType.POINT,
        lat=float(lat),
        lon=float(lon),
        error_m=_ERROR_M,
        number=str(parts.get("housenumber") or ""),
        street=str(parts.get("street") or ""),
        city=str(parts.get("city") or parts.get("locality") or ""),
        state=str(parts.get("region_a") or parts.get("state") or ""),
        zip=str(parts.get("postcode") or parts.get("postalcode") or ""),
    )
