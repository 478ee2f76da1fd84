"""Districts on paper: metres around a point, the part of the world to show, and outlines in pixels. Pure geometry.

Metres run east and south from the point, so that they need only a scale to become an SVG's units.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

_METRES_PER_DEGREE = 111_195.0
# Corners of a ring below which nothing is left to fill: three and the first again.
_LEAST_CORNERS = 4

Shapes = NDArray[np.object_]
Corners = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A part of the world: its western and northern edge in metres, pixels per metre, and its size in pixels."""

    west: float
    north: float
    scale: float
    width: float
    height: float

    def box(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """West, north, east, south in metres, with a margin in pixels around."""
        pad = margin / self.scale
        east, south = self.west + self.width / self.scale, self.north + self.height / self.scale
        return self.west - pad, self.north - pad, east + pad, south + pad

    def corners(self, metres: Corners) -> Corners:
        """Pairs in metres as pairs in pixels."""
        return (metres - (self.west, self.north)) * self.scale

    def pixels(self, shapes: Shapes) -> Shapes:
        """Shapes in metres as shapes in pixels."""
        drawn: Shapes = shapely.transform(shapes, self.corners)
        return drawn


def to_metres(shapes: Shapes, lat: float, lon: float) -> Shapes:
    """Shapes in WGS84 degrees as metres east and south of a point; good for the size of a state."""
    factors = np.array([_METRES_PER_DEGREE * math.cos(math.radians(lat)), -_METRES_PER_DEGREE])
    flat: Shapes = shapely.transform(shapes, lambda degrees: (degrees - (lon, lat)) * factors)
    return flat


def frame(keep: BaseGeometry, width: float, height: float, *, least_m: float = 0.0, margin: float = 0.0) -> View:
    """The view that shows `keep` with a margin (a share of the size) and at least so many metres across."""
    west, north, east, south = keep.bounds
    inner = 1 - 2 * margin
    metres_per_pixel = max((east - west) / (width * inner), (south - north) / (height * inner), least_m / width)
    across, down = width * metres_per_pixel, height * metres_per_pixel
    return View((west + east - across) / 2, (north + south - down) / 2, 1 / metres_per_pixel, width, height)


def clip(shapes: Shapes, view: View, margin: float) -> Shapes:
    """What of the shapes is seen, in pixels; empty shapes stay in their places."""
    west, north, east, south = view.box(margin)
    return view.pixels(shapely.clip_by_rect(shapes, west, north, east, south))


def outline(shapes: Shapes | Sequence[BaseGeometry], step: float) -> str:
    """An SVG path of shapes in pixels; corners that would not move a line by `step` pixels are left out."""
    rings = shapely.get_rings(shapely.get_parts(shapes))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    # Rounding first takes most corners away, so that the slow simplifying sees few.
    corners = np.rint(corners / step) * step
    moved = np.ones(len(corners), dtype=bool)
    moved[1:] = (np.diff(corners, axis=0) != 0).any(axis=1) | (np.diff(ring) != 0)
    corners, ring = corners[moved], ring[moved]
    lasting = (np.bincount(ring) >= _LEAST_CORNERS)[ring] if len(ring) else moved[:0]
    lines = shapely.linestrings(corners[lasting], indices=np.unique(ring[lasting], return_inverse=True)[1])
    return "".join(_path(line) for line in shapely.simplify(lines, step))


def _path(line: BaseGeometry) -> str:
    corners = shapely.get_coordinates(line)
    if len(corners) < _LEAST_CORNERS:
        return ""
    return "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in corners[:-1].tolist()) + "Z"
