"""A whole state's districts as outlines for one SVG, with an enlarged part where they are too small to see.

Only shapes are drawn here, once for each import: their colours and words change with every count and are the page's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from shared.rendering.district_map import Area
from shared.rendering.map_geometry import Shapes, View, frame, to_metres

WIDTH, _MOST_HEIGHT, _LEAST_HEIGHT = 760.0, 560.0, 260.0
# Outlines are whole numbers of this many units a pixel: short, and precise enough for twice the size.
UNITS = 5
# The side of a square below which a district is hard to see or to press.
_SMALL_PX = 19.0
_LEAST_SMALL = 4
_INSET_WIDTH, _INSET_HEIGHT = 236.0, 186.0
_INSET_GAP, _INSET_BORDER_PX = 6.0, 7.0
_MOST_ZOOM, _LEAST_ZOOM = 8.0, 3.0
# So much of a corner may be covered by land and still take the enlargement.
_COVERED = 0.004
_CRUMB_PX = 0.5
# Effective area, in square pixels, below which a corner of an outline is left out.
_MAIN_TOLERANCE, _INSET_TOLERANCE = 0.9, 1.1


@dataclass(frozen=True)
class Frame:
    """A rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Outline:
    """One district: its path, and that in the enlargement, empty when it is not seen there."""

    id: str
    path: str
    enlarged: str


@dataclass(frozen=True)
class StateMap:
    """Everything in pixels of a drawing that is `width` wide; paths are in units, of which a pixel has UNITS.

    `inset` is where the enlargement stands and `part` what it enlarges, both None when nothing is too small.
    """

    width: float
    height: float
    outlines: tuple[Outline, ...]
    inset: Frame | None = None
    part: Frame | None = None


def draw_state(areas: Sequence[Area]) -> StateMap:
    """Draws the districts of one chamber; at least one."""
    degrees = np.array([area.shape for area in areas], dtype=object)
    west, south, east, north = shapely.total_bounds(degrees)
    metres = to_metres(degrees, (south + north) / 2, (west + east) / 2)
    view = _whole(metres)
    pixels = view.pixels(metres)
    part = _crowded(pixels)
    shown = _simplified(pixels, _MAIN_TOLERANCE)
    paths = [_path(shape) for shape in shown]
    if part is None:
        outlines = tuple(Outline(area.id, path, "") for area, path in zip(areas, paths, strict=True))
        return StateMap(view.width, view.height, outlines)
    inset, height = _room(shown, view.width, view.height)
    close = _closer(pixels, part, inset)
    outlines = tuple(
        Outline(area.id, path, _path(shape)) for area, path, shape in zip(areas, paths, close, strict=True)
    )
    return StateMap(view.width, height, outlines, inset, part)


def _whole(metres: Shapes) -> View:
    """The state from side to side; a tall one as high as the page allows."""
    box = shapely.box(*shapely.total_bounds(metres))
    west, north, east, south = box.bounds
    height = WIDTH * (south - north) / (east - west)
    return frame(box, WIDTH, min(max(height, _LEAST_HEIGHT), _MOST_HEIGHT), margin=0.006)


def _crowded(pixels: Shapes) -> Frame | None:
    """Where most districts are too small: the part to enlarge, in the enlargement's own proportions."""
    points = shapely.get_coordinates(shapely.point_on_surface(pixels[shapely.area(pixels) < _SMALL_PX**2]))
    if len(points) < _LEAST_SMALL:
        return None
    wide, high = _INSET_WIDTH / _LEAST_ZOOM, _INSET_HEIGHT / _LEAST_ZOOM
    near = (abs(points[:, None, 0] - points[None, :, 0]) < wide / 2) & (
        abs(points[:, None, 1] - points[None, :, 1]) < high / 2
    )
    # Those around the one with most of them near it.
    chosen = points[near[near.sum(axis=1).argmax()]]
    if len(chosen) < _LEAST_SMALL:
        return None
    (left, top), (right, bottom) = chosen.min(axis=0) - _SMALL_PX / 2, chosen.max(axis=0) + _SMALL_PX / 2
    zoom = min(_INSET_WIDTH / (right - left), _INSET_HEIGHT / (bottom - top), _MOST_ZOOM)
    width, height = _INSET_WIDTH / zoom, _INSET_HEIGHT / zoom
    x, y = (left + right - width) / 2, (top + bottom - height) / 2
    return Frame(float(x), float(y), float(width), float(height))


def _room(shown: Shapes, width: float, height: float) -> tuple[Frame, float]:
    """A corner without land for the enlargement; else a strip below the map. With the drawing's height."""
    land = shapely.union_all(shapely.make_valid(shown))
    right, low = width - _INSET_WIDTH - _INSET_GAP, height - _INSET_HEIGHT - _INSET_GAP
    for x, y in ((_INSET_GAP, low), (right, low), (right, _INSET_GAP), (_INSET_GAP, _INSET_GAP)):
        box = shapely.box(x, y, x + _INSET_WIDTH, y + _INSET_HEIGHT)
        if low > 0 and land.intersection(box).area < _COVERED * box.area:
            return Frame(x, y, _INSET_WIDTH, _INSET_HEIGHT), height
    top = height + 3 * _INSET_GAP
    return Frame(_INSET_GAP, top, _INSET_WIDTH, _INSET_HEIGHT), top + _INSET_HEIGHT + _INSET_GAP


def _closer(pixels: Shapes, part: Frame, inset: Frame) -> Shapes:
    """What is seen of the districts in the enlargement, in pixels of it; empty where nothing is."""
    zoom = inset.width / part.width
    border = _INSET_BORDER_PX / zoom
    seen = shapely.clip_by_rect(
        pixels,
        part.x - border,
        part.y - border,
        part.x + part.width + border,
        part.y + part.height + border,
    )
    moved: Shapes = shapely.transform(seen, lambda corners: (corners - (part.x, part.y)) * zoom)
    return _simplified(moved, _INSET_TOLERANCE)


def _simplified(pixels: Shapes, tolerance: float) -> Shapes:
    """Fewer corners, with borders that neighbours still share."""
    areas = np.array([_area(shape) for shape in shapely.make_valid(pixels)], dtype=object)
    drawn: Shapes = shapely.coverage_simplify(areas, tolerance)
    return drawn


def _area(shape: BaseGeometry) -> BaseGeometry:
    """Without the points and lines that cutting and mending leave behind."""
    if isinstance(shape, (Polygon, MultiPolygon)):
        return shape
    return MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, Polygon)])


def _path(shape: BaseGeometry) -> str:
    """Whole units, each corner from the one before; islands that nobody would see are left out."""
    parts = sorted(shapely.get_parts(shape), key=lambda part: -part.area)
    seen = [part for number, part in enumerate(parts) if part.area >= (0 if number == 0 else _CRUMB_PX)]
    return "".join(_ring(ring) for part in seen for ring in shapely.get_rings(part))


def _ring(ring: BaseGeometry) -> str:
    corners = np.rint(shapely.get_coordinates(ring)[:-1] * UNITS).astype(int)
    steps = np.diff(corners, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if len(steps) < 2:  # noqa: PLR2004 - a triangle is two steps from its first corner
        return ""
    x, y = corners[0]
    return f"M{x} {y}l" + " ".join(f"{right} {down}" for right, down in steps.tolist()).replace(" -", "-") + "z"
