"""A state's districts on a map: whole, small, and enlarged where they are too small to see."""

import re

import numpy as np
import pytest
import shapely

from shared.rendering.district_map import Area
from shared.rendering.state_map import UNITS, StateMap, draw_state


def grid(west: float, south: float, size: float, count: int, name: str) -> list[Area]:
    """Square districts side by side."""
    return [
        Area(
            f"{name}{x}-{y}",
            f"{name} {x} {y}",
            shapely.box(west + x * size, south + y * size, west + (x + 1) * size, south + (y + 1) * size),
        )
        for x in range(count)
        for y in range(count)
    ]


# A town of 36 small districts in the north-east of a state that leaves its south-west to the sea.
TOWN = grid(-71.0, 42.8, 0.03, 6, "town")
COUNTRY = [
    Area("north", "North", shapely.box(-73.0, 42.5, -71.0, 43.0)),
    Area("south", "South", shapely.box(-71.8, 41.5, -71.0, 42.5)),
]


def area_of(path: str) -> float:
    """Square pixels within a path."""
    total = 0.0
    for ring in re.findall(r"M(-?\d+) (-?\d+)l([^z]*)z", path):
        steps = np.array(re.findall(r"-?\d+", ring[2]), dtype=int).reshape(-1, 2)
        total += shapely.Polygon(np.vstack([[0, 0], steps.cumsum(axis=0)])).area
    return total / UNITS**2


def test_every_district_keeps_its_size() -> None:
    drawn = draw_state(COUNTRY + TOWN)
    assert [outline.id for outline in drawn.outlines] == [area.id for area in COUNTRY + TOWN]
    country, town = area_of(drawn.outlines[0].path), area_of(drawn.outlines[2].path)
    assert country / town == pytest.approx(COUNTRY[0].shape.area / TOWN[0].shape.area, rel=0.15)


def test_the_crowded_part_is_enlarged_where_there_is_no_land() -> None:
    drawn = draw_state(COUNTRY + TOWN)
    assert drawn.inset is not None
    assert drawn.part is not None
    zoom = drawn.inset.width / drawn.part.width
    assert zoom > 2.9
    assert drawn.inset.x < drawn.width / 2 < drawn.part.x
    assert drawn.inset.y > drawn.height / 2 > drawn.part.y
    seen = {outline.id for outline in drawn.outlines if outline.enlarged}
    assert {area.id for area in TOWN} <= seen
    one = next(outline for outline in drawn.outlines if outline.id == "town3-3")
    assert area_of(one.enlarged) / area_of(one.path) == pytest.approx(zoom**2, rel=0.15)


def test_a_state_that_fills_the_map_has_the_enlargement_below_it() -> None:
    land = Area("land", "Land", shapely.box(-74.0, 41.0, -71.0, 42.8).union(shapely.box(-74.0, 42.8, -71.0, 43.0)))
    drawn = draw_state([land, *grid(-71.0, 42.0, 0.02, 6, "town"), Area("e", "E", shapely.box(-70.88, 41, -69, 43))])
    assert drawn.inset is not None
    assert drawn.inset.y > 200
    assert drawn.inset.y + drawn.inset.height <= drawn.height


def test_equal_districts_need_no_enlargement() -> None:
    drawn = draw_state(grid(-71.0, 42.0, 0.5, 6, "d"))
    assert (drawn.inset, drawn.part) == (None, None)
    assert not any(outline.enlarged for outline in drawn.outlines)


def test_a_tall_state_is_no_higher_than_the_page_allows() -> None:
    drawn: StateMap = draw_state(
        [Area("a", "A", shapely.box(-72, 40, -71, 42)), Area("b", "B", shapely.box(-72, 42, -71, 45))]
    )
    assert drawn.height <= 560
    assert all(outline.path for outline in drawn.outlines)
