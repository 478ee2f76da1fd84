"""Finds a place for names on a map: inside their district, beside what must stay visible. Pure geometry, in pixels."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from shared.rendering.map_geometry import Corners

LINE_PX = 14.0
# An average letter of the sans-serif faces at 12 px; names are wrapped to this many letters.
_LETTER_PX = 6.4
_WRAP = 18
# Words are wider than high: the largest flat ellipse in a district is found as a circle in the stretched district.
_STRETCH = 2.0
_SLACK_PX = 2.0
# How far a name may reach over the lines of a district that only surrounds.
_REACH = 1.15


@dataclass(frozen=True)
class Label:
    """Lines of text around a centre, in pixels."""

    lines: tuple[str, ...]
    x: float
    y: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        wide, high = _size(self.lines)
        return self.x - wide / 2, self.y - high / 2, self.x + wide / 2, self.y + high / 2


class LabelSheet:
    """The room that is left for names; each one placed takes some of it."""

    def __init__(self, width: float, height: float, taken: Iterable[BaseGeometry]) -> None:
        self._width, self._height = width, height
        self._free = shapely.box(4, 4, width - 4, height - 4).difference(shapely.union_all(list(taken)))

    def place(self, name: str, area: BaseGeometry, *, always: bool) -> Label | None:
        """A label in `area`; None where it doesn't fit, unless it must `always` be there and anything is seen."""
        room = shapely.make_valid(area).intersection(self._free)
        if always and room.area < 1:
            room = shapely.make_valid(area)
        if room.area < 1:
            return None
        circle = shapely.maximum_inscribed_circle(shapely.transform(room, _stretch), tolerance=_SLACK_PX)
        lines = tuple(textwrap.wrap(name, _WRAP)) or (name,)
        wide, high = _size(lines)
        radius = circle.length * _REACH
        if not always and (wide > 2 * radius or high > 2 * radius / _STRETCH):
            return None
        x, y = circle.coords[0]
        label = Label(lines, _within(x, wide, self._width), _within(y / _STRETCH, high, self._height))
        self._free = self._free.difference(shapely.box(*label.box).buffer(_SLACK_PX))
        return label


def _stretch(corners: Corners) -> Corners:
    stretched: Corners = corners * np.array([1.0, _STRETCH])
    return stretched


def _size(lines: tuple[str, ...]) -> tuple[float, float]:
    return max(map(len, lines)) * _LETTER_PX, len(lines) * LINE_PX


def _within(centre: float, size: float, whole: float) -> float:
    """Moves a centre so that nothing is cut off."""
    return min(max(centre, size / 2 + 4), whole - size / 2 - 4)
