"""Geocodio: a paid service with a key; says how exact each position is."""

from typing import Any

from shared.domain.places import Chamber, HomeAddress, MatchType
from shared.errors import Retryable
from shared.providers.geocoders.base import Place
from shared.providers.http import get_json

URL = "https://api.geocod.io/v1.12/geocode"
_CHAMBERS = {"house": Chamber.LOWER, "senate": Chamber.UPPER}
_KINDS = {
    "rooftop": (MatchType.POINT, 15.0),
    "point": (MatchType.POINT, 15.0),
    "nearest_rooftop_match": (MatchType.INTERPOLATED, 100.0),
    "range_interpolation": (MatchType.INTERPOLATED, 100.0),
}


class GeocodioGeocoder:
    """Positions, and the districts' names, which Geocodio counts as a second request.

    Results less exact than a house number range are left out.
    """

    name = "geocodio"

    def __init__(self, key: str, url: str = URL) -> None:
        self._key, self._url = key, url

    def find(self, address: HomeAddress) -> list[Place]:
        """The address' candidates."""
        # The key travels in a header, so that it never stands in an address that a proxy writes down.
        headers = {"Authorization": f"Bearer {self._key}"}
        params = {"q": address.one_line(), "country": "USA", "fields": "stateleg"}
        answer = get_json(self._url, params=params, headers=headers)
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
        districts=_districts((result.get("fields") or {}).get("state_legislative_districts") or {}),
    )


def _districts(chambers: dict[str, list[dict[str, Any]]]) -> tuple[tuple[Chamber, str], ...]:
    """The districts in force; those of the next election are marked."""
    named = ((_CHAMBERS[word], area) for word, areas in chambers.items() if word in _CHAMBERS for area in areas)
    now = ((chamber, area) for chamber, area in named if not area.get("is_upcoming_state_legislative_district"))
    return tuple((chamber, str(area["name"])) for chamber, area in now if area.get("name"))
