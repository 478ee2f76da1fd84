"""The map of districts: small, valid, and the same in words."""

from xml.etree import ElementTree as ET

import pytest
import shapely

from shared.rendering.district_map import Area, Spot, distance_words, draw_map

WEST = Area("w", "1st <Essex> & Sons", shapely.box(-71.6, 42.0, -71.5, 42.2))
EAST = Area("e", "2nd Essex", shapely.box(-71.5, 42.0, -71.4, 42.2))
NORTH = Area("n", "Third Essex", shapely.box(-71.6, 42.2, -71.4, 42.3))
AREAS = [WEST, EAST, NORTH]
NEAR_THE_EDGE = Spot(42.1, -71.5002, 25.0)


@pytest.mark.parametrize("marked", [["w"], ["w", "e"], ["w", "e", "n"], ["w", "unknown"]])
def test_it_is_valid_and_small(marked: list[str]) -> None:
    drawn = draw_map(AREAS, marked, NEAR_THE_EDGE, name="map-lower", title="House districts")
    root = ET.fromstring(str(drawn.svg))  # noqa: S314 - our own
    assert root.attrib["role"] == "img"
    assert len(drawn.svg) < 10_000
    assert list(drawn.fills) == [one for one in marked if one != "unknown"]
    assert "style=" not in drawn.svg
    assert "<script" not in drawn.svg


def test_it_says_in_words_what_it_shows() -> None:
    words = draw_map(AREAS, ["w", "e"], NEAR_THE_EDGE, name="m", title="t").words
    assert words.startswith("The point lies in 1st <Essex> & Sons, 17 m (54 ft) from its nearest line")
    assert "beyond which lies 2nd Essex" in words
    assert "Marked are 1st <Essex> & Sons and 2nd Essex." in words


def test_a_spot_outside_of_every_marked_district_is_said_to_be_outside() -> None:
    words = draw_map(AREAS, ["e"], NEAR_THE_EDGE, name="m", title="t").words
    assert "just outside 2nd Essex" in words


def test_candidates_have_fills_of_their_own() -> None:
    fills = draw_map(AREAS, ["w", "e", "n"], NEAR_THE_EDGE, name="m", title="t").fills
    assert len(set(fills.values())) == 3


def test_a_whole_district_is_shown_without_a_spot() -> None:
    drawn = draw_map(AREAS, ["w"], Spot(42.1, -71.55, 0.0), name="m", title="t", words="1st Essex", whole=True)
    root = ET.fromstring(str(drawn.svg))  # noqa: S314 - our own
    assert not root.findall(".//{*}circle")
    alone = draw_map([WEST], ["w"], Spot(42.1, -71.55, 0.0), name="m", title="t", words="1st Essex", whole=True)
    assert "translate(" in drawn.svg
    assert "translate(" not in alone.svg, "no map of the state where the district is the state"


@pytest.mark.parametrize(
    ("metres", "words"), [(84.6, "85 m (278 ft)"), (400, "400 m (0.2 miles)"), (3_400, "3.4 km (2.1 miles)")]
)
def test_distances_in_both_measures(metres: float, words: str) -> None:
    assert distance_words(metres) == words
