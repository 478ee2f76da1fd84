"""Estimates where a house number lies along a street segment. Pure geometry on one line."""

import math
from dataclasses import dataclass

import shapely

_METRES_PER_DEGREE = 111_195.0
# Houses stand back from the centreline; this puts the estimate on their side where the street is the district's edge.
_SET_BACK_M = 12.0
# Never better than this: numbers are not spread evenly along a street.
LEAST_ERROR_M = 40.0


@dataclass(frozen=True)
class Estimate:
    """A position and how far the house may be from it."""

    lat: float
    lon: float
    error_m: float


def interpolate(line_wkb: bytes, number: int, ends: tuple[int, int], side: str) -> Estimate:
    """The position of `number` on the `side` (L or R) of a line whose numbers run from `ends[0]` to `ends[1]`."""
    corners = shapely.get_coordinates(shapely.from_wkb(line_wkb))
    lat0 = float(corners[0][1])
    east_m = _METRES_PER_DEGREE * math.cos(math.radians(lat0))
    line = shapely.LineString([(x * east_m, y * _METRES_PER_DEGREE) for x, y in corners])
    length = float(line.length)
    share = _share(number, ends)
    # A little in from the crossing, where the side streets' numbers begin.
    at = min(max(share * length, min(10.0, length / 2)), length - min(10.0, length / 2))
    x, y = _set_back(line, at, side)
    return Estimate(y / _METRES_PER_DEGREE, x / east_m, max(LEAST_ERROR_M, length / 2))


def _share(number: int, ends: tuple[int, int]) -> float:
    low, high = ends
    return 0.5 if low == high else (number - low) / (high - low)


def _set_back(line: shapely.LineString, at: float, side: str) -> tuple[float, float]:
    here, before, after = (line.interpolate(d) for d in (at, max(at - 1, 0), min(at + 1, line.length)))
    dx, dy = after.x - before.x, after.y - before.y
    step = math.hypot(dx, dy)
    if step == 0:
        return here.x, here.y
    turn = _SET_BACK_M if side == "L" else -_SET_BACK_M
    return here.x - dy / step * turn, here.y + dx / step * turn
