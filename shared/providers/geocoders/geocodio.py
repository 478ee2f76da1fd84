"""Geocodio: a paid service with a key; says how exact each position is."""

from typing import Any

from shared.domain.places import HomeAddress, MatchType
from shared.errors import Retryable
from shared.providers.geocoders.base import Place
from shared.providers.http import get_json

URL = "https://api.geocod.io/v1.12/geocode"
_KINDS = {
    "rooftop": (MatchType.POINT, 15.0),
    "point": (MatchType.POINT, 15.0),
    "nearest_rooftop_match": (MatchType.INTERPOLATED, 100.0),
    "range_interpolation": (MatchType.INTERPOLATED, 100.0),
}


class GeocodioGeocoder:
    """Uses positions only; results less exact than a house number range are left out."""

    name = "geocodio"

    def __init__(self, key: str, url: str = URL) -> None:
        self._key, self._url = key, url

    def find(self, address: HomeAddress) -> list[Place]:
        """The address' candidates."""
        # The key travels in a header, so that it never stands in an address that a proxy writes down.
        headers = {"Authorization": f"Bearer {self._key}"}
        answer = get_json(self._url, params={"q": address.one_line(), "country": "USA"}, headers=headers)
        try:
            exact = (result for result in answer["results"] if result.get("accuracy_type") in _KINDS)
            return [_place(result) for result in exact]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Retryable("Geocodio sent an answer of another form.") from error


def _place(result: dict[str, Any]) -> Place:
    parts = result["address_components"]
    kind, error_m = _KINDS[result["accuracy_type"]]
    return Place(
        type=kind,
        lat=float(result["location"]["lat"]),
        lon=float(result["location"]["lng"]),
        error_m=error_m,
        number=str(parts.get("number") or ""),
        street=str(parts.get("formatted_street") or parts.get("street") or ""),
        city=str(parts.get("city") or ""),
        state=str(parts.get("state") or ""),
        zip=str(parts.get("zip") or ""),
    )
