"""Asks outside geocoders when own data has no answer. Their answer counts only when it is the address typed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.addresses import ReadAddress, StreetLine, read_street_line
from shared.domain.places import HomeAddress
from shared.domain.street_names import city_key, street_key
from shared.domain.us_states import UsState, find_state
from shared.errors import ProviderError, Retryable, Throttled
from shared.providers.geocoders import Geocoder, Place
from shared.services.lookup.chain import Position

# When every service failed for now and none said when to come back.
RETRY_S = 60.0


@dataclass(frozen=True)
class RemoteAnswer:
    """Positions of the typed address; `others` are addresses it might have been; `retry_in_s` when nobody could say."""

    positions: tuple[Position, ...] = ()
    others: tuple[str, ...] = ()
    retry_in_s: float | None = None


def ask_geocoders(
    geocoders: Sequence[Geocoder], address: HomeAddress, typed: ReadAddress, state: UsState
) -> RemoteAnswer:
    """One after the other until one knows the address."""
    others: dict[str, None] = {}
    waits: list[float] = []
    for geocoder in geocoders:
        try:
            places = geocoder.find(address)
        except Retryable as error:
            waits.append((error.retry_after if isinstance(error, Throttled) else None) or RETRY_S)
            continue
        except ProviderError:
            continue
        positions = tuple(_position(geocoder.name, place) for place in places if _is_typed(place, typed, state))
        if positions:
            return RemoteAnswer(positions)
        others |= dict.fromkeys(_line(place, state) for place in places if find_state(place.state) is state)
    nobody = bool(waits) and not others
    return RemoteAnswer((), tuple(others), math.ceil(min(waits)) if nobody else None)


def _is_typed(place: Place, typed: ReadAddress, state: UsState) -> bool:
    """The same house number and street, in the state, and no other ZIP code or city than both typed."""
    line = read_street_line(f"{place.number} {place.street}")
    if not isinstance(line, StreetLine) or find_state(place.state) is not state:
        return False
    same_house = line.number == typed.number and street_key(line.name) == typed.street
    same_place = place.zip[:5] == typed.zip or city_key(place.city) == typed.city
    return same_house and same_place


def _position(name: str, place: Place) -> Position:
    return Position(place.type, f"{name} geocoder", place.lat, place.lon, place.error_m)


def _line(place: Place, state: UsState) -> str:
    street = f"{place.number} {place.street.title()}".strip()
    return HomeAddress(street, place.city.title(), state.code, place.zip[:5]).one_line()
