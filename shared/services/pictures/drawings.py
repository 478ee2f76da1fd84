"""The map of a state's districts: drawn by whoever needs it first after an import, then kept for all."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from weakref import WeakKeyDictionary

import shapely
from markupsafe import Markup
from sqlalchemy import Connection, Engine

from shared.db import directory, drawings
from shared.domain.places import Chamber
from shared.rendering.district_map import Area
from shared.rendering.state_map import Frame, Outline, StateMap, draw_state
from shared.rendering.state_svg import outlines_svg


@dataclass(frozen=True)
class DrawnMap:
    """A map, and its outlines as SVG."""

    shape: StateMap
    outlines: Markup


_Known = dict[tuple[str, Chamber], tuple[str, DrawnMap]]
# Per engine, so that two databases in one process (tests do it) never mix.
_READ: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()
_LOCK = threading.Lock()
# Rises when drawings look different than before.
_STYLE = "1"


def state_map(engine: Engine, connection: Connection, jurisdiction: str, chamber: Chamber) -> DrawnMap | None:
    """The chamber's districts as they are in force; None while no shape of them was imported."""
    mark = drawings.districts_mark(connection, jurisdiction, chamber)
    if not mark:
        return None
    drawn_from = f"{_STYLE}-{mark}"
    known = _READ.setdefault(engine, {})
    with _LOCK:
        if known.get((jurisdiction, chamber), ("",))[0] != drawn_from:
            shape = _read(engine, connection, jurisdiction, chamber, drawn_from)
            known[jurisdiction, chamber] = drawn_from, DrawnMap(shape, outlines_svg(shape))
        return known[jurisdiction, chamber][1]


def _read(engine: Engine, connection: Connection, jurisdiction: str, chamber: Chamber, drawn_from: str) -> StateMap:
    kept = drawings.read_drawing(connection, jurisdiction, chamber)
    if kept and kept[0] == drawn_from:
        return _from_json(kept[1])
    rows = directory.current_districts(connection, jurisdiction, chamber)
    drawn = draw_state([Area(row.ocd_id, row.name, shapely.from_wkb(row.shape)) for row in rows])
    with engine.begin() as writing:
        drawings.write_drawing(writing, jurisdiction, chamber, drawn_from, asdict(drawn))
    return drawn


def _from_json(stored: Mapping[str, Any]) -> StateMap:
    frames = {name: Frame(**stored[name]) if stored[name] else None for name in ("inset", "part")}
    outlines = tuple(Outline(**one) for one in stored["outlines"])
    return StateMap(stored["width"], stored["height"], outlines, **frames)
