"""Draws where an address lies: one map for each chamber that is asked for, with its districts marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from sqlalchemy import Engine

from shared.db import directory as store
from shared.db.engine import at_once
from shared.domain.phrases import phrase
from shared.domain.places import Chamber, LookupResult, Match, Office
from shared.domain.us_states import state_of
from shared.rendering.district_map import Area, DistrictMap, Spot, draw_map
from shared.rendering.speech import say

_NAMES = {Chamber.LOWER: "House", Chamber.UPPER: "Senate", Chamber.CONGRESS: "Congress"}
# A drawn district is 20 to 50 kB.
_MOST_DRAWN = 200


@dataclass(frozen=True)
class MarkedDistrict:
    """A district of the answer, with the fill that the map gives it."""

    name: str
    fill: str


@dataclass(frozen=True)
class ChamberMap:
    """One chamber's map and the key to it."""

    chamber: Chamber
    name: str
    drawn: DistrictMap
    key: tuple[MarkedDistrict, ...]


_DRAWN: dict[tuple[datetime | None, str, Chamber, str], ChamberMap | None] = {}


def draw_maps(engine: Engine, jurisdiction: str, result: LookupResult) -> list[ChamberMap]:
    """Maps of the answer's districts; none without a position, and none for seats of the whole state."""
    drawn = []
    for chamber in dict.fromkeys(office.chamber for office in result.offices):
        marked = [office.ocd_id for office in result.offices if office.chamber is chamber]
        title = f"{_NAMES[chamber]} districts around the address"
        drawn += _draw(engine, jurisdiction, chamber, marked, result.match, title=title)
    return drawn


def draw_question(
    engine: Engine, jurisdiction: str, chamber: Chamber, candidates: Sequence[Office], match: Match | None
) -> ChamberMap | None:
    """The map beside the question which of the candidates is the supporter's own, in the reader's language."""
    marked = list(dict.fromkeys(office.ocd_id for office in candidates))
    names = ", ".join(dict.fromkeys(office.district for office in candidates))
    words = say(phrase("Your home lies near the line between these districts: %(names)s.", names=names))
    title = say(phrase("The districts around your home"))
    return next(iter(_draw(engine, jurisdiction, chamber, marked, match, title=title, words=words)), None)


def draw_district(engine: Engine, jurisdiction: str, chamber: Chamber, ocd_id: str) -> ChamberMap | None:
    """The whole district among its neighbours, drawn once after each import; None while its shape is not known."""
    with at_once(engine) as connection:
        version = store.districts_version(connection, jurisdiction)
    key = (version, jurisdiction, chamber, ocd_id)
    if version is None or key not in _DRAWN:
        if len(_DRAWN) >= _MOST_DRAWN:
            _DRAWN.clear()
        _DRAWN[key] = _draw_whole(engine, jurisdiction, chamber, ocd_id)
    return _DRAWN[key]


def _draw_whole(engine: Engine, jurisdiction: str, chamber: Chamber, ocd_id: str) -> ChamberMap | None:
    areas = _areas(engine, jurisdiction, chamber)
    own = next((area for area in areas if area.id == ocd_id), None)
    if own is None:
        return None
    inside = shapely.point_on_surface(own.shape)
    title = f"{_NAMES[chamber]} district {own.name}"
    words = f"{own.name}, its neighbours, and where it lies in the state."
    spot = Spot(inside.y, inside.x, 0.0)
    drawn = draw_map(areas, [ocd_id], spot, name="map-district", title=title, words=words, whole=True)
    return ChamberMap(chamber, _NAMES[chamber], drawn, ())


def _draw(
    engine: Engine,
    jurisdiction: str,
    chamber: Chamber,
    marked: Sequence[str],
    match: Match | None,
    *,
    title: str,
    words: str = "",
) -> list[ChamberMap]:
    if match is None or match.lat is None or match.lon is None:
        return []
    areas = _areas(engine, jurisdiction, chamber)
    names = {area.id: area.name for area in areas}
    if not names.keys() & set(marked):
        return []
    spot = Spot(match.lat, match.lon, match.precision_m or 0.0)
    drawn = draw_map(areas, marked, spot, name=f"map-{chamber.value}", title=title, words=words)
    key = tuple(MarkedDistrict(names[one], fill) for one, fill in drawn.fills.items())
    return [ChamberMap(chamber, _NAMES[chamber], drawn, key)]


def _areas(engine: Engine, jurisdiction: str, chamber: Chamber) -> list[Area]:
    with engine.connect() as connection:
        rows = store.current_districts(connection, state_of(jurisdiction).code.lower(), chamber)
    # Districts of Congress have numbers for names.
    names = [f"District {row.name}" if row.name.isdigit() else row.name for row in rows]
    return [Area(row.ocd_id, name, shapely.from_wkb(row.shape)) for name, row in zip(names, rows, strict=True)]
