"""Estimates where a house number lies along a street segment, and where else the house may stand. Pure geometry."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

_METRES_PER_DEGREE = 111_195.0
# Houses stand back from the centreline; this puts the estimate on their side where the street is the district's edge.
_SET_BACK_M = 12.0
# How far from the centreline a house is looked for, on either side: files confuse left and right, and large buildings
# stand far back (`docs/decisions/0004` has the measured distances). Long segments are roads in the country.
_REACH_M = 60.0
_REACH_OF_LENGTH = 0.25
# The first and the last house stand so far from their crossing (the middle of those measured) ...
_FIRST_HOUSE_M = 25.0
# ... and none nearer than this; beyond it the numbers of another segment begin. Of a short segment, a third.
_CROSSING_M = 10.0
_END_OF_LENGTH = 1 / 3
# Nearer to an edge than this nobody is sure, as with a surveyed point.
_LEAST_ERROR_M = 10.0


@dataclass(frozen=True)
class Estimate:
    """A position, how far the house may be from it, and where it may stand (in degrees), which is only made when asked.

    No corner of that is farther than √2 times the error, however the street turns.
    """

    lat: float
    lon: float
    error_m: float
    area: Callable[[], BaseGeometry]


@dataclass(frozen=True)
class _Metres:
    """A flat grid around a place: east and north in metres."""

    east_m: float

    def of(self, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        return degrees * [self.east_m, _METRES_PER_DEGREE]

    def degrees(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        return metres / [self.east_m, _METRES_PER_DEGREE]


def interpolate(line_wkb: bytes, number: int, ends: tuple[int, int], side: str) -> Estimate:
    """The position of `number` on the `side` (L or R) of a line whose numbers run from `ends[0]` to `ends[1]`."""
    degrees = shapely.from_wkb(line_wkb)
    lat0 = float(shapely.get_coordinates(degrees)[0][1])
    grid = _Metres(_METRES_PER_DEGREE * math.cos(math.radians(lat0)))
    line = shapely.transform(degrees, grid.of)
    inset = _inset(line, _FIRST_HOUSE_M)
    at = min(max(_share(number, ends) * line.length, inset), line.length - inset)
    here = shapely.Point(_set_back(line, at, side))
    lon, lat = grid.degrees(np.array([here.x, here.y])).tolist()
    error_m = math.hypot(max(at, line.length - at) - _inset(line, _CROSSING_M), _reach(line) + _SET_BACK_M)
    return Estimate(lat, lon, error_m, partial(_area, line, here, grid))


def whole_street(lines_wkb: Sequence[bytes]) -> Estimate:
    """The middle of a street's middle segment, and all of the street."""
    degrees = shapely.from_wkb(list(lines_wkb))
    lat0 = float(shapely.get_coordinates(degrees[0])[0][1])
    grid = _Metres(_METRES_PER_DEGREE * math.cos(math.radians(lat0)))
    lines = shapely.transform(degrees, grid.of)
    here = lines[len(lines) // 2].interpolate(0.5, normalized=True)
    street = shapely.multilinestrings(lines)
    reach = max(map(_reach, lines))
    lon, lat = grid.degrees(np.array([here.x, here.y])).tolist()
    error_m = float(shapely.hausdorff_distance(here, street)) + reach
    return Estimate(lat, lon, error_m, lambda: shapely.transform(street.buffer(reach), grid.degrees))


def _share(number: int, ends: tuple[int, int]) -> float:
    low, high = ends
    return 0.5 if low == high else (number - low) / (high - low)


def _inset(line: shapely.LineString, wanted: float) -> float:
    return min(wanted, float(line.length) * _END_OF_LENGTH)


def _reach(line: shapely.LineString) -> float:
    return max(_REACH_M, float(line.length) * _REACH_OF_LENGTH)


def _area(line: shapely.LineString, here: shapely.Point, grid: _Metres) -> BaseGeometry:
    """Both sides of the street between its crossings: numbers are not spread evenly along it."""
    inset = _inset(line, _CROSSING_M)
    if line.length:
        stretch = substring(line, inset, line.length - inset).buffer(_reach(line), cap_style="flat")
    else:
        stretch = here.buffer(_reach(line))
    return shapely.transform(stretch.union(here.buffer(_LEAST_ERROR_M)), grid.degrees)


def _set_back(line: shapely.LineString, at: float, side: str) -> tuple[float, float]:
    here, before, after = (line.interpolate(d) for d in (at, max(at - 1, 0), min(at + 1, line.length)))
    dx, dy = after.x - before.x, after.y - before.y
    step = math.hypot(dx, dy)
    if step == 0:
        return here.x, here.y
    turn = _SET_BACK_M if side == "L" else -_SET_BACK_M
    return here.x - dy / step * turn, here.y + dx / step * turn
