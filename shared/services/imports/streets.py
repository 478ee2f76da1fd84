"""Imports street segments with the ranges of house numbers on their left and right side."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from shared.db import addresses as store
from shared.domain.addresses import read_zip
from shared.domain.street_names import city_key, street_key
from shared.domain.us_states import UsState, state_of
from shared.errors import ImportRefused
from shared.services.imports.reports import ImportReport, Progress, import_run, no_progress
from shared.services.imports.shapes import Feature, read_features
from shared.services.imports.street_fields import LAYOUTS, SideFields, StreetFields

# A letter may follow; a minus sign in front stands for "no houses on this side".
_DIGITS = re.compile(r"^(\d{1,7})[A-Za-z]?$")
_PARITIES = {"E": 0, "O": 1, "B": 2, "EVEN": 0, "ODD": 1, "BOTH": 2}
_BOTH = 2

StagedRange = tuple[str, str, str, str, str, int, int, int, str, bytes]


def import_streets(
    engine: Engine,
    path: Path,
    jurisdiction: str,
    *,
    city: str = "",
    source: str = "",
    who: str = "",
    progress: Progress = no_progress,
) -> ImportReport:
    """Reads street ranges; `city` is for files of one city, which don't name it. Raises ImportRefused."""
    state = state_of(jurisdiction)
    name = source or path.name
    with import_run(engine, "streets", state.code.lower(), name, who) as (connection, report):
        source_id = store.find_source(connection, state.code.lower(), "ranges", name)
        layout: StreetFields | None = None
        with store.stage(connection, "ranges") as copy:
            for feature in read_features(path):
                report.read += 1
                progress(feature.share)
                layout = layout or _find_layout(feature, path)
                for row in _read_sides(feature, layout, state, city, report):
                    copy.write_row(row)
        counts = store.merge(connection, "ranges", state.code.lower(), source_id)
        report.new, report.changed, report.gone = counts.new, counts.changed, counts.gone
        report.unchanged = counts.unchanged
    return report


def _find_layout(feature: Feature, path: Path) -> StreetFields:
    for layout in LAYOUTS:
        if {layout.name, layout.left.number_from, layout.right.number_to} <= feature.properties.keys():
            return layout
    raise ImportRefused(f"{path.name} has no known fields for house numbers. Add its field names to street_fields.py.")


def _read_sides(
    feature: Feature, layout: StreetFields, state: UsState, city: str, report: ImportReport
) -> Iterator[StagedRange]:
    name = str(feature.properties.get(layout.name) or "").strip()
    key = street_key(name)
    line = _line(feature.geometry)
    if not key or line is None:
        report.refuse(feature.line, "no street name or no line")
        return
    for side, fields in (("L", layout.left), ("R", layout.right)):
        numbers = _numbers(feature.properties, fields)
        if numbers is None:
            continue
        zip5 = read_zip(str(feature.properties.get(fields.zip) or "").partition(".")[0], state) or ""
        town = str(feature.properties.get(fields.city) or "") or city
        if zip5 or town:
            parity = _parity(feature.properties.get(fields.parity), numbers)
            yield (key, city_key(town), zip5, name, town, *numbers, parity, side, line)


def _numbers(properties: Mapping[str, Any], fields: SideFields) -> tuple[int, int] | None:
    """Both ends of a side; None for a side without houses, which files write as blank or 0."""
    ends = []
    for field in (fields.number_from, fields.number_to):
        value = properties.get(field)
        text = str(int(value)) if isinstance(value, float) and math.isfinite(value) else str(value or "").strip()
        found = _DIGITS.match(text)
        if found is None or int(found[1]) == 0:
            return None
        ends.append(int(found[1]))
    return ends[0], ends[1]


def _parity(value: object, numbers: tuple[int, int]) -> int:
    given = _PARITIES.get(str(value or "").strip().upper())
    if given is not None:
        return given
    low, high = numbers
    return low % 2 if low % 2 == high % 2 else _BOTH


def _line(geometry: BaseGeometry | None) -> bytes | None:
    """The segment as one line; of several parts the longest."""
    if geometry is None or geometry.is_empty:
        return None
    merged = shapely.line_merge(geometry) if geometry.geom_type == "MultiLineString" else geometry
    parts = [part for part in shapely.get_parts(merged) if part.geom_type == "LineString"]
    return shapely.to_wkb(max(parts, key=lambda part: part.length), output_dimension=2) if parts else None
