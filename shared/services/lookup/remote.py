"""Asks outside geocoders when own data has no answer. Their answer counts only when it is the address typed.

Two that know the address are heard, so that one alone is not believed where the other contradicts it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from shared.domain.addresses import ReadAddress, StreetLine, read_street_line
from shared.domain.places import Chamber, HomeAddress
from shared.domain.street_names import city_key, street_key
from shared.domain.us_states import UsState, find_state
from shared.errors import ProviderError, Retryable, Throttled
from shared.providers.geocoders import Geocoder, Place
from shared.services.lookup.chain import Position
from shared.services.lookup.district_index import DistrictIndex

_LOG = structlog.get_logger()
# A second opinion; a third would only cost time.
_OPINIONS = 2
# When every service failed for now and none said when to come back.
RETRY_S = 60.0


@dataclass(frozen=True)
class RemoteAnswer:
    """Positions of the typed address, by up to two services; `named` are the districts that these name themselves.

    `others` are addresses it might have been; `retry_in_s` when nobody could say.
    """

    positions: tuple[Position, ...] = ()
    named: tuple[tuple[Chamber, str], ...] = ()
    others: tuple[str, ...] = ()
    retry_in_s: float | None = None


def ask_geocoders(
    geocoders: Sequence[Geocoder],
    address: HomeAddress,
    typed: ReadAddress,
    state: UsState,
    index: DistrictIndex,
) -> RemoteAnswer:
    """One after the other until two know the address. Who fails or does not know it takes nothing from who does.

    Who puts it where the state has no district does not know it.
    """
    positions: list[Position] = []
    named: dict[tuple[Chamber, str], None] = {}
    others: dict[str, None] = {}
    waits: list[float] = []
    knowing = 0
    for geocoder in geocoders:
        try:
            found = geocoder.find(address)
        except ProviderError as error:
            waits += _wait(geocoder, error)
            continue
        places = [place for place in found if index.covers(place.lat, place.lon, place.error_m)]
        meant = [place for place in places if _is_typed(place, typed, state)]
        positions += (_position(geocoder.name, place) for place in meant)
        named |= dict.fromkeys(district for place in meant for district in place.districts)
        others |= dict.fromkeys(_line(place, state) for place in places if find_state(place.state) is state)
        knowing += bool(meant)
        if knowing == _OPINIONS:
            break
    if positions:
        return RemoteAnswer(tuple(positions), tuple(named))
    retry_in_s = math.ceil(min(waits)) if waits and not others else None
    return RemoteAnswer(others=tuple(others), retry_in_s=retry_in_s)


def _wait(geocoder: Geocoder, error: ProviderError) -> list[float]:
    """Seconds until the service may be asked again; none when it refuses for good, which an organizer has to mend."""
    if not isinstance(error, Retryable):
        _LOG.warning("geocoder.refused", geocoder=geocoder.name, error=str(error))
        return []
    return [(error.retry_after if isinstance(error, Throttled) else None) or RETRY_S]


def _is_typed(place: Place, typed: ReadAddress, state: UsState) -> bool:
    """The same house number and street, in the state; ZIP code or city as typed, and no ZIP code but the typed one.

    Large cities have streets of one name in several ZIP codes, and a service may name only one of them.
    """
    line = read_street_line(f"{place.number} {place.street}")
    if not isinstance(line, StreetLine) or find_state(place.state) is not state:
        return False
    if line.number != typed.number or street_key(line.name) != typed.street:
        return False
    zip5 = place.zip[:5]
    if typed.zip and zip5:
        return zip5 == typed.zip
    return bool(typed.city) and city_key(place.city) == typed.city


def _position(name: str, place: Place) -> Position:
    return Position(place.type, f"{name} geocoder", place.lat, place.lon, place.error_m)


def _line(place: Place, state: UsState) -> str:
    street = f"{place.number} {place.street.title()}".strip()
    return HomeAddress(street, place.city.title(), state.code, place.zip[:5]).one_line()
