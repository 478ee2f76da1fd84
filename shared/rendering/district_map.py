"""A map of districts around an address as one small SVG: no tiles, no scripts, nothing fetched from anywhere.

Colours are presentation attributes, so that a page's style sheet needs to know nothing and may overrule them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from markupsafe import Markup, escape
from shapely.geometry.base import BaseGeometry

from shared.rendering.map_geometry import Shapes, View, clip, frame, outline, to_metres
from shared.rendering.map_labels import Label, LabelSheet

WIDTH, HEIGHT = 400.0, 320.0
# At least so much is shown from west to east, so that an edge at the door still has its surroundings.
_LEAST_ACROSS_M = 500.0
_MARGIN, _WHOLE_MARGIN = 0.24, 0.08
_BLEED_PX = 6.0
_MAIN_STEP, _INSET_STEP = 0.4, 0.6
_INSET_WIDTH, _INSET_HEIGHT, _INSET_GAP = 104.0, 72.0, 8.0
# Shapes of neighbours leave slits; a district so near to the nearest edge lies behind it.
_SLIT_M = 30.0
_SCALE_BAR_PX = 90.0
_DOT_PX = 5.5
_FEET, _FEET_IN_MILE = 3.28084, 5280.0
_INK, _LAND, _LINE, _SEA = "#17222c", "#f1f3f4", "#b3bec5", "#dfe8ec"
# Fill, then the colour of its pattern: told apart by pattern too, not by colour alone.
_TINTS = (
    ("#bfe0e1", ""),
    ("#fbdcb4", "#c9731a"),
    ("#ddd3f3", "#6a4bb5"),
    ("#cfe6d6", "#1b7a4b"),
    ("#f6cfcb", "#b3261e"),
)
_PATTERNS = ("", "M-1 9L9-1M3 13L13 3", "M-1 3L9 13M3-1L13 9", "M0 3H12", "M3 0V12")


@dataclass(frozen=True)
class Area:
    """A district to draw: its id, its name for people, its shape in WGS84 degrees."""

    id: str
    name: str
    shape: BaseGeometry


@dataclass(frozen=True)
class Spot:
    """Where an address lies, in WGS84 degrees, true to `error_m` metres."""

    lat: float
    lon: float
    error_m: float


@dataclass(frozen=True)
class DistrictMap:
    """A drawn map. `words` say what it shows; `fills` are the marked districts' fills, for a key beside it."""

    svg: Markup
    words: str
    fills: dict[str, str]


@dataclass(frozen=True)
class _Scene:
    """Everything in metres around the spot."""

    areas: Sequence[Area]
    shapes: Shapes
    marked: Sequence[int]
    spot: BaseGeometry
    error_m: float
    # From the spot to the nearest line of its district, and the name of the district behind it.
    way: BaseGeometry
    behind: str


def draw_map(
    areas: Sequence[Area],
    marked: Sequence[str],
    spot: Spot,
    *,
    name: str,
    title: str,
    words: str = "",
    whole: bool = False,
) -> DistrictMap:
    """The districts with the ids `marked` filled and named, all others as outlines, and the spot with its error.

    `words` say what is seen, else the distances do. `name` makes the ids in the SVG unique on the page. At least one
    marked district must be among the areas. With `whole` they are shown from end to end, and the spot not at all.
    """
    scene = _scene(areas, marked, spot)
    kept = shapely.union_all(scene.shapes[list(scene.marked)]) if whole else _kept(scene)
    view = frame(kept, WIDTH, HEIGHT, least_m=_LEAST_ACROSS_M, margin=_WHOLE_MARGIN if whole else _MARGIN)
    inset_at = _emptiest_corner(scene, view)
    fills = {areas[place].id: _fill(name, number) for number, place in enumerate(scene.marked)}
    words = words or _words(scene)
    parts = [
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(words)}</desc>',
        _definitions(name, len(scene.marked)),
        f'<g clip-path="url(#{name}-view)"><rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="{_SEA}"/>',
        _districts(scene, view, list(fills.values()), inset_at),
        "" if whole else _spot(scene, view),
        _scale_bar(view),
        "</g>",
        "" if whole and _shows_all(scene, view) else _inset(scene, view, inset_at),
    ]
    frame_line = (
        f'<rect x=".5" y=".5" width="{WIDTH - 1:g}" height="{HEIGHT - 1:g}" rx="8" fill="none" stroke="#c6d0d5"/>'
    )
    head = (
        f'<svg class="dmap" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-desc" font-family="system-ui, sans-serif" '
        f'font-size="12" font-weight="600" fill="{_INK}">'
    )
    return DistrictMap(Markup(head + "".join(parts) + frame_line + "</svg>"), words, fills)  # noqa: S704 - all escaped


def distance_words(metres: float) -> str:
    """`85 m (280 ft)`, `3.4 km (2.1 miles)`."""
    feet = metres * _FEET
    short = f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"  # noqa: PLR2004 - metres in a kilometre
    return f"{short} ({f'{feet:.0f} ft' if feet < 1000 else f'{feet / _FEET_IN_MILE:.1f} miles'})"  # noqa: PLR2004


def _scene(areas: Sequence[Area], marked: Sequence[str], spot: Spot) -> _Scene:
    degrees = np.array([area.shape for area in areas], dtype=object)
    shapes = to_metres(degrees, spot.lat, spot.lon)
    places = {area.id: place for place, area in enumerate(areas)}
    shown = [places[one] for one in dict.fromkeys(marked) if one in places]
    here = shapely.Point(0, 0)
    own = min(shown, key=lambda place: shapely.distance(shapes[place], here))
    way = shapely.shortest_line(here, shapely.boundary(shapes[own]))
    foot = shapely.get_point(way, -1)
    near = np.flatnonzero(shapely.dwithin(shapes, foot, _SLIT_M))
    others = sorted((float(shapely.distance(shapes[i], foot)), areas[i].name) for i in near.tolist() if i != own)
    return _Scene(areas, shapes, shown, here, spot.error_m, way, others[0][1] if others else "")


def _kept(scene: _Scene) -> BaseGeometry:
    """What must be seen: the spot and its error, the nearest edge, and the nearest corner of each marked district."""
    ways = shapely.shortest_line(scene.spot, scene.shapes[list(scene.marked)])
    return shapely.union_all([scene.spot.buffer(scene.error_m), scene.way, *ways])


def _words(scene: _Scene) -> str:
    names = [scene.areas[place].name for place in scene.marked]
    own = min(scene.marked, key=lambda place: shapely.distance(scene.shapes[place], scene.spot))
    inside = bool(shapely.intersects(scene.shapes[own], scene.spot))
    where = f"The point lies {'in' if inside else 'just outside'} {scene.areas[own].name}"
    edge = f"{distance_words(scene.way.length)} from its nearest line"
    behind = f", beyond which lies {scene.behind}" if scene.behind else ""
    asked = f" Marked are {', '.join(names[:-1])} and {names[-1]}." if len(names) > 1 else ""
    return f"{where}, {edge}{behind}.{asked}"


def _fill(name: str, number: int) -> str:
    return f"url(#{name}-{number % len(_TINTS)})" if number % len(_TINTS) else _TINTS[0][0]


def _definitions(name: str, used: int) -> str:
    patterns = "".join(
        f'<pattern id="{name}-{number}" width="12" height="12" patternUnits="userSpaceOnUse">'
        f'<rect width="12" height="12" fill="{tint}"/>'
        f'<path d="{_PATTERNS[number]}" stroke="{ink}" stroke-width="1.1" stroke-opacity=".55"/></pattern>'
        for number, (tint, ink) in enumerate(_TINTS[:used])
        if number
    )
    view = f'<clipPath id="{name}-view"><rect width="{WIDTH:g}" height="{HEIGHT:g}" rx="8"/></clipPath>'
    return f"<defs>{view}{patterns}</defs>"


def _districts(scene: _Scene, view: View, fills: Sequence[str], inset_at: tuple[float, float]) -> str:
    """Neighbours first, the marked ones over them, all names last."""
    pixels = clip(scene.shapes, view, _BLEED_PX)
    seen = [i for i in np.flatnonzero(~shapely.is_empty(pixels)).tolist() if i not in scene.marked]
    land = outline(pixels[seen], _MAIN_STEP)
    parts = [f'<path d="{land}" fill="{_LAND}" fill-rule="evenodd" stroke="{_LINE}" stroke-linejoin="round"/>']
    for place, fill in zip(scene.marked, fills, strict=True):
        path = outline(pixels[[place]], _MAIN_STEP)
        parts.append(
            f'<path d="{path}" fill="{fill}" fill-rule="evenodd" stroke="#0b5563" stroke-width="2" '
            'stroke-linejoin="round"/>'
        )
    sheet = LabelSheet(WIDTH, HEIGHT, _taken(scene, view, inset_at))
    whole = shapely.simplify(pixels, 1.0)
    for place in (*scene.marked, *seen):
        label = sheet.place(scene.areas[place].name, whole[place], always=place in scene.marked)
        if label:
            parts.append(_text(label, _INK if place in scene.marked else "#52606c"))
    return "".join(parts)


def _taken(scene: _Scene, view: View, inset_at: tuple[float, float]) -> list[BaseGeometry]:
    """What no name may cover: the spot, the way to the edge, the inset and the scale bar."""
    x, y = inset_at
    spot, way = view.pixels(np.array([scene.spot, scene.way], dtype=object))
    return [
        spot.buffer(max(_DOT_PX * 2, scene.error_m * view.scale + 2)),
        way.buffer(8),
        shapely.box(x - 4, y - 4, x + _INSET_WIDTH + 4, y + _INSET_HEIGHT + 4),
        shapely.box(0, HEIGHT - 40, _SCALE_BAR_PX + 70, HEIGHT),
    ]


def _text(label: Label, colour: str) -> str:
    lines = "".join(
        f'<tspan x="{label.x:.1f}" dy="{"1.17em" if number else f"{0.35 - 0.585 * (len(label.lines) - 1):.2f}em"}">'
        f"{escape(line)}</tspan>"
        for number, line in enumerate(label.lines)
    )
    return (
        f'<text x="{label.x:.1f}" y="{label.y:.1f}" text-anchor="middle" fill="{colour}" stroke="#fff" '
        f'stroke-width="3" stroke-linejoin="round" paint-order="stroke">{lines}</text>'
    )


def _spot(scene: _Scene, view: View) -> str:
    """The way to the nearest edge, the circle within which the address lies, and the point itself."""
    (x, y), (foot_x, foot_y) = view.corners(shapely.get_coordinates(scene.way)).tolist()
    radius = scene.error_m * view.scale
    parts = []
    if math.dist((x, y), (foot_x, foot_y)) > 2 * _DOT_PX:
        parts.append(
            f'<path d="M{x:.1f} {y:.1f}L{foot_x:.1f} {foot_y:.1f}" fill="none" stroke="{_INK}" stroke-width="1.4" '
            'stroke-dasharray="2 3"/>'
        )
    if radius > _DOT_PX:
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#b3261e" fill-opacity=".12" '
            'stroke="#b3261e" stroke-width="1.2" stroke-dasharray="4 2"/>'
        )
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_DOT_PX}" fill="#b3261e" stroke="#fff" stroke-width="2"/>'
    return "".join([*parts, dot])


def _scale_bar(view: View) -> str:
    """The longest round length that fits, in metres or kilometres, with feet or miles behind it."""
    most = _SCALE_BAR_PX / view.scale
    power = 10.0 ** math.floor(math.log10(most))
    metres = next(step * power for step in (5, 2, 1) if step * power <= most)
    wide, y = metres * view.scale, HEIGHT - 11
    words = f"{metres:g} m" if metres < 1000 else f"{metres / 1000:g} km"  # noqa: PLR2004 - metres in a kilometre
    bar = f"M10 {y - 5:g}V{y:g}H{10 + wide:.1f}V{y - 5:g}"
    return (
        f'<path d="{bar}" fill="none" stroke="#fff" stroke-width="4.5" stroke-linecap="square"/>'
        f'<path d="{bar}" fill="none" stroke="{_INK}" stroke-width="1.6"/>'
        f'<text x="10" y="{y - 10:g}" stroke="#fff" stroke-width="3" stroke-linejoin="round" paint-order="stroke">'
        f"{words}</text>"
    )


def _emptiest_corner(scene: _Scene, view: View) -> tuple[float, float]:
    """The corner for the inset that is farthest from the way to the edge; the scale bar has the lower left one."""
    right, low = WIDTH - _INSET_WIDTH - _INSET_GAP, HEIGHT - _INSET_HEIGHT - _INSET_GAP
    way = view.pixels(np.array([scene.way], dtype=object))[0]

    def room(corner: tuple[float, float]) -> float:
        x, y = corner
        return round(float(shapely.distance(way, shapely.box(x, y, x + _INSET_WIDTH, y + _INSET_HEIGHT))))

    return max(((right, low), (right, _INSET_GAP), (_INSET_GAP, _INSET_GAP)), key=room)


def _inset(scene: _Scene, view: View, at: tuple[float, float]) -> str:
    """The whole state with the marked districts, and a frame where the map is."""
    x, y = at
    land = shapely.box(*shapely.total_bounds(scene.shapes))
    small = frame(land, _INSET_WIDTH, _INSET_HEIGHT, margin=0.06)
    pixels = small.pixels(scene.shapes)
    west, north, east, south = view.box()
    (left, top), (right, bottom) = small.corners(np.array([[west, north], [east, south]])).tolist()
    marked = outline(pixels[list(scene.marked)], _INSET_STEP)
    return (
        f'<g transform="translate({x:g} {y:g})"><rect width="{_INSET_WIDTH:g}" height="{_INSET_HEIGHT:g}" rx="5" '
        f'fill="#fff" stroke="#c6d0d5"/>'
        f'<path d="{outline(pixels, _INSET_STEP)}" fill="#d3dade" stroke="#d3dade" stroke-width=".6"/>'
        f'<path d="{marked}" fill="#1b727d" stroke="#1b727d" stroke-width=".6"/>'
        f"{_place_mark(left, top, right, bottom)}</g>"
    )


def _shows_all(scene: _Scene, view: View) -> bool:
    """Where a district is the whole state, another map of the state says nothing more."""
    return bool(shapely.covers(shapely.box(*view.box()), shapely.box(*shapely.total_bounds(scene.shapes))))


def _place_mark(left: float, top: float, right: float, bottom: float) -> str:
    """The map's frame; a ring where the frame would be too small to see."""
    if right - left > 2 * _DOT_PX:
        return (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" fill="none" '
            'stroke="#b3261e" stroke-width="1.3"/>'
        )
    x, y = (left + right) / 2, (top + bottom) / 2
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_DOT_PX}" fill="none" stroke="#b3261e" stroke-width="1.5"/>'
