"""The US Census geocoder: free, no key, positions interpolated along address ranges. Sends the address abroad to it."""

import re
from typing import Any

from shared.domain.places import Chamber, HomeAddress, MatchType
from shared.errors import Retryable
from shared.providers.geocoders.base import Place
from shared.providers.http import get_json

URL = "https://geocoding.geo.census.gov/geocoder/geographies/address"
# Published answers lie tens of metres from the house; 90 in a hundred within this.
_ERROR_M = 100.0
_EDITION = {"benchmark": "Public_AR_Current", "vintage": "Current_Current"}
_LONGEST_LAYER = 200
# The layer's name begins with a year or a number that changes: "2024 State Legislative Districts - Upper".
_LAYER = re.compile(
    r"^\D*(?P<edition>\d*).*"
    r"(?:State Legislative Districts - (?P<chamber>Upper|Lower)|(?P<congress>Congress)ional Districts)$",
    re.IGNORECASE,
)


class CensusGeocoder:
    """Positions for our own shapes, and the names of the districts, which must not contradict them."""

    name = "census"

    def __init__(self, url: str = URL) -> None:
        self._url = url

    def find(self, address: HomeAddress) -> list[Place]:
        """The address' candidates; the service answers with an empty list when it knows none."""
        typed = {"street": address.street, "city": address.city, "state": address.state, "zip": address.zip}
        params = {name: value for name, value in typed.items() if value}
        answer = get_json(self._url, params={**params, "format": "json", **_EDITION})
        try:
            return [_place(match) for match in answer["result"]["addressMatches"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Retryable("The Census geocoder sent an answer of another form.") from error


def _place(match: dict[str, Any]) -> Place:
    parts = match["addressComponents"]
    names = ("preQualifier", "preDirection", "preType", "streetName", "suffixType", "suffixDirection")
    street = " ".join(str(parts.get(name) or "") for name in names)
    return Place(
        type=MatchType.INTERPOLATED,
        lat=float(match["coordinates"]["y"]),
        lon=float(match["coordinates"]["x"]),
        error_m=_ERROR_M,
        number=str(match["matchedAddress"]).partition(" ")[0],
        street=" ".join(street.split()),
        city=str(parts.get("city") or ""),
        state=str(parts.get("state") or ""),
        zip=str(parts.get("zip") or ""),
        districts=_districts(match.get("geographies") or {}),
    )


def _districts(layers: dict[str, list[dict[str, Any]]]) -> tuple[tuple[Chamber, str], ...]:
    """Names of the newest plan only: the codes have been confused between two districts before."""
    newest: dict[Chamber, tuple[int, list[dict[str, Any]]]] = {}
    for layer, areas in layers.items():
        if found := _LAYER.match(layer[:_LONGEST_LAYER]):
            chamber = Chamber((found["chamber"] or found["congress"]).lower())
            edition = int(found["edition"] or 0)
            if edition >= newest.get(chamber, (0,))[0]:
                newest[chamber] = (edition, areas)
    named = ((chamber, area.get("NAME")) for chamber, (_, areas) in newest.items() for area in areas)
    return tuple((chamber, str(name)) for chamber, name in named if name)
