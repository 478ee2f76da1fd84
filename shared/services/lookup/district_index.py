"""Finds the districts at a point, and how far their edges are. Holds shapes only; knows neither tables nor offices.

Shapes are kept in Mercator, which keeps angles: near a point one metre is 1/cos(latitude) units in every direction.
"""

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from shared.domain.places import Chamber

_EARTH_RADIUS_M = 6_371_008.8
# Edges are cut into pieces of so many corners, so that the nearest one is found through the tree. Of 16 it is found
# a fifteenth faster, but Massachusetts takes 8 MB more.
_PIECE_CORNERS = 48
_FARTHEST_CORNER = math.sqrt(2)
_LARGEST_LATITUDE = 89.0
# A pier or an island left out of a shape: how far from a district a point may lie and still belong to it.
COAST_M = 250.0


@dataclass(frozen=True, slots=True)
class ChamberPlace:
    """Where a point lies in one chamber: the ids of its district and of all others within the error.

    `certain` are those that hold all of the circle or area of the error: several where districts overlap by law.
    `clear_m` is how far the area ends from the nearest edge; None where only a circle is known.
    """

    ocd_ids: tuple[str, ...]
    edge_m: float | None
    certain: frozenset[str] = frozenset()
    clear_m: float | None = None


def _project(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    limited = np.clip(lat, -_LARGEST_LATITUDE, _LARGEST_LATITUDE)
    return np.radians(lon) * _EARTH_RADIUS_M, np.arctanh(np.sin(np.radians(limited))) * _EARTH_RADIUS_M


def _project_one(lat: float, lon: float) -> tuple[float, float]:
    limited = math.radians(max(-_LARGEST_LATITUDE, min(_LARGEST_LATITUDE, lat)))
    return math.radians(lon) * _EARTH_RADIUS_M, math.atanh(math.sin(limited)) * _EARTH_RADIUS_M


def _pieces(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """All rings as short lines that overlap in one corner."""
    rings = shapely.get_rings(shapely.get_parts(shapes))
    pieces: list[BaseGeometry] = []
    for ring in rings:
        corners = shapely.get_coordinates(ring)
        starts = range(0, len(corners) - 1, _PIECE_CORNERS)
        pieces.extend(shapely.LineString(corners[start : start + _PIECE_CORNERS + 1]) for start in starts)
    return np.array(pieces, dtype=object)


class _ChamberIndex:
    """The districts of one chamber."""

    def __init__(self, shapes: Sequence[tuple[str, bytes]]) -> None:
        self.ocd_ids = [ocd_id for ocd_id, _ in shapes]
        degrees = shapely.from_wkb([shape for _, shape in shapes])
        projected = shapely.transform(degrees, _project, interleaved=False)
        shapely.prepare(projected)
        self._shapes = projected
        self._tree = shapely.STRtree(projected)
        self._edges = shapely.STRtree(_pieces(projected))
        # Trees and prepared shapes build parts of themselves when they are first asked, which isn't safe with threads.
        self._lock = threading.Lock()

    def containing(self, point: BaseGeometry) -> list[int]:
        """The districts that hold the point; two on a common edge, and where districts overlap by law."""
        with self._lock:
            near = self._tree.query(point)
            found: list[int] = near[shapely.intersects(self._shapes[near], point)].tolist()
        return sorted(found)

    def within(self, point: BaseGeometry, distance: float) -> list[int]:
        """The districts within a distance in Mercator units."""
        with self._lock:
            return sorted(int(i) for i in self._tree.query(point, predicate="dwithin", distance=distance))

    def touching(self, area: BaseGeometry) -> list[int]:
        """The districts that share a place with an area."""
        with self._lock:
            return sorted(int(i) for i in self._tree.query(area, predicate="intersects"))

    def holding(self, area: BaseGeometry, candidates: Sequence[int]) -> list[int]:
        """Those of the candidates that hold a whole area."""
        with self._lock:
            return [i for i in candidates if shapely.contains(self._shapes[i], area)]

    def edge(self, place: BaseGeometry) -> float:
        """The distance from a point or an area to the nearest edge in Mercator units."""
        with self._lock:
            _, distances = self._edges.query_nearest(place, return_distance=True, all_matches=False)
        return float(distances[0])


class DistrictIndex:
    """The districts of a state by chamber. Built once, then read by any number of threads."""

    def __init__(self, districts: Iterable[tuple[Chamber, str, bytes]]) -> None:
        by_chamber: dict[Chamber, list[tuple[str, bytes]]] = {}
        for chamber, ocd_id, shape in districts:
            by_chamber.setdefault(chamber, []).append((ocd_id, shape))
        self._chambers = {chamber: _ChamberIndex(shapes) for chamber, shapes in by_chamber.items()}

    @property
    def chambers(self) -> frozenset[Chamber]:
        """The chambers whose districts are known."""
        return frozenset(self._chambers)

    def at(self, lat: float, lon: float, chambers: Iterable[Chamber]) -> dict[Chamber, tuple[str, ...]]:
        """The districts that hold a point, without a word on doubt."""
        x, y = _project_one(lat, lon)
        point = shapely.Point(x, y)
        known = ((chamber, self._chambers[chamber]) for chamber in chambers if chamber in self._chambers)
        return {chamber: tuple(i.ocd_ids[n] for n in i.containing(point)) for chamber, i in known}

    def covers(self, lat: float, lon: float, error_m: float) -> bool:
        """True when any district may hold a point known to `error_m` metres, or when no shape is known at all."""
        places = self.near(lat, lon, error_m, self._chambers)
        return not places or any(place.ocd_ids for place in places.values())

    def near(
        self,
        lat: float,
        lon: float,
        error_m: float,
        chambers: Iterable[Chamber],
        area: Callable[[], BaseGeometry] | None = None,
    ) -> dict[Chamber, ChamberPlace]:
        """The districts that may hold a point known to `error_m` metres; empty where none is near.

        `area`, in degrees and no more than √2 times as far, is called where it decides where the point may lie.
        """
        x, y = _project_one(lat, lon)
        point = shapely.Point(x, y)
        projected = cache(lambda: shapely.transform(area(), _project, interleaved=False)) if area else None
        unit = math.cos(math.radians(lat))
        known = (chamber for chamber in chambers if chamber in self._chambers)
        return {chamber: _place(self._chambers[chamber], point, error_m, unit, projected) for chamber in known}


def _place(
    index: _ChamberIndex,
    point: BaseGeometry,
    error_m: float,
    unit: float,
    area: Callable[[], BaseGeometry] | None,
) -> ChamberPlace:
    edge_m = index.edge(point) * unit
    found = index.containing(point)
    certain, clear_m = found, None
    if not found:
        found, certain = index.within(point, max(error_m, COAST_M) / unit), []
    elif area is not None and edge_m <= error_m * _FARTHEST_CORNER:
        found = index.touching(area())
        certain = index.holding(area(), found)
        clear_m = index.edge(area()) * unit
    elif area is None and edge_m <= error_m:
        found = index.within(point, error_m / unit)
        certain = index.holding(point.buffer(error_m / unit), found)
    return ChamberPlace(_ids(index, found), edge_m, frozenset(_ids(index, certain)), clear_m)


def _ids(index: _ChamberIndex, found: Sequence[int]) -> tuple[str, ...]:
    return tuple(index.ocd_ids[i] for i in found)
