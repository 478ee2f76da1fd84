"""Own data first: address points, then street ranges. Gives positions with their errors, or the wish to ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from shared.db import lookups
from shared.domain.addresses import ReadAddress
from shared.domain.places import MatchType
from shared.services.lookup.directory import Directory
from shared.services.lookup.evidence import weigh, zips_to_search
from shared.services.lookup.interpolation import Estimate, interpolate, whole_street

# A surveyed point lies on its parcel or its building.
POINT_ERROR_M = 10.0
# The number without the letter that was typed, or with one that was not: a neighbouring house or entrance.
OTHER_SUFFIX_ERROR_M = 25.0
# Points closer than this are one place for our purpose: 5 decimals of a degree.
_SAME_PLACE_DECIMALS = 5
_MOST_POSITIONS = 40
# A number this far beyond a street's known ones may be a new house; farther is a slip.
_NUMBERS_BEYOND = 20
_MOST_SEGMENTS = 150


@dataclass(frozen=True)
class Position:
    """Where the address may lie."""

    type: MatchType
    source: str
    lat: float
    lon: float
    error_m: float
    # Gives where it may lie, in degrees; None for the circle of the error.
    area: Callable[[], BaseGeometry] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Found:
    """All positions that may be meant. `ask` forbids to take one unasked."""

    positions: tuple[Position, ...] = ()
    ask: bool = False


def find_ranges(connection: Connection, directory: Directory, typed: ReadAddress) -> Found:
    """Positions estimated from house number ranges; the whole street when no range holds a number close to them."""
    zips = zips_to_search(typed, directory)
    rows = lookups.find_ranges(connection, directory.jurisdiction, typed.street, zips=zips, city=typed.city)
    evidence = weigh(typed, rows, directory)
    holding = [row for row in evidence.rows if row.holds(typed.number)]
    if holding:
        positions = tuple(_estimate(row, typed.number) for row in holding[:_MOST_POSITIONS])
    else:
        positions = _whole_street(evidence.rows, typed.number)
    return Found(positions, ask=evidence.ask and bool(positions))


def _estimate(row: lookups.RangeRow, number: int) -> Position:
    estimate = interpolate(row.line, number, (row.number_from, row.number_to), row.side)
    return _position(MatchType.INTERPOLATED, row.source, estimate)


def _position(kind: MatchType, source: str, estimate: Estimate) -> Position:
    place = (estimate.lat, estimate.lon, estimate.error_m, estimate.area)
    return Position(kind, f"street ranges ({source})", *place)


def _whole_street(rows: Sequence[lookups.RangeRow], number: int) -> tuple[Position, ...]:
    """All of the street: enough when it lies in one district, a question when it doesn't."""
    ends = [end for row in rows for end in (row.number_from, row.number_to)]
    if not ends or not min(ends) - _NUMBERS_BEYOND <= number <= max(ends) + _NUMBERS_BEYOND:
        return ()
    lines = list(dict.fromkeys(row.line for row in sorted(rows, key=lambda row: row.number_from)))
    if len(lines) > _MOST_SEGMENTS:
        return ()
    return (_position(MatchType.CENTROID, rows[0].source, whole_street(lines)),)


def pick_points(rows: list[lookups.PointRow], directory: Directory, typed: ReadAddress) -> Found:
    """The points of the house number among the streets found."""
    evidence = weigh(typed, rows, directory)
    with_point = [row for row in evidence.rows if row.number is not None]
    first = [row for row in with_point if row.number == typed.number] or with_point
    exact = [row for row in first if row.suffix == typed.suffix]
    error_m = POINT_ERROR_M if exact else OTHER_SUFFIX_ERROR_M
    chosen = exact or [row for row in first if not (row.suffix and typed.suffix)]
    places = {(round(row.lat, _SAME_PLACE_DECIMALS), round(row.lon, _SAME_PLACE_DECIMALS)): row for row in chosen}
    positions = tuple(
        Position(MatchType.POINT, f"address points ({row.source})", row.lat, row.lon, error_m)
        for row in list(places.values())[:_MOST_POSITIONS]
    )
    return Found(positions, ask=evidence.ask and bool(positions))
