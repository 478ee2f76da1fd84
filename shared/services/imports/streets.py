"""Imports street segments with the ranges of house numbers on their left and right side."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
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

# A letter or, in Queens, a second part may follow; a minus sign in front stands for "no houses on this side".
_DIGITS = re.compile(r"^(\d{1,7})(?:-\d{1,4})?[A-Za-z]?$")
_PARITIES = {"E": 0, "O": 1, "B": 2, "EVEN": 0, "ODD": 1, "BOTH": 2}
_BOTH = 2

# A feature's fields by their names in small letters.
Values = Mapping[str, Any]
StagedRange = tuple[str, str, str, str, str, int, int, int, str, bytes]


def import_streets(
    engine: Engine,
    path: Path,
    jurisdiction: str,
    *,
    city: str = "",
    fields: StreetFields | None = None,
    source: str = "",
    who: str = "",
    progress: Progress = no_progress,
) -> ImportReport:
    """Reads street ranges; `city` is for files of one city, which don't name it, `fields` for those of their own kind.

    Raises ImportRefused.
    """
    state = state_of(jurisdiction)
    name = source or path.name
    with import_run(engine, "streets", state.code.lower(), name, who) as (connection, report):
        source_id = store.find_source(connection, state.code.lower(), "ranges", name)
        layout: StreetFields | None = None
        known = (fields,) if fields else LAYOUTS
        with store.stage(connection, "ranges") as copy:
            for feature in read_features(path):
                report.read += 1
                progress(feature.share)
                values = {name.casefold(): value for name, value in feature.properties.items()}
                layout = layout or _find_layout(values, known, path)
                for row in _read_sides(feature, values, layout, state, city, report):
                    copy.write_row(row)
        counts = store.merge(connection, "ranges", state.code.lower(), source_id)
        report.new, report.changed, report.gone = counts.new, counts.changed, counts.gone
        report.unchanged = counts.unchanged
    return report


def _find_layout(values: Values, known: Sequence[StreetFields], path: Path) -> StreetFields:
    found = next((layout for layout in known if layout.fits(values)), None)
    if found is None:
        raise ImportRefused(
            f"{path.name} has no fields known for house numbers. Name them in a small file, with --fields FILE."
            f" The file has: {', '.join(sorted(values))}."
        )
    return found


def _read_sides(
    feature: Feature, values: Values, layout: StreetFields, state: UsState, city: str, report: ImportReport
) -> Iterator[StagedRange]:
    name = " ".join(filter(None, (_text(values, field) for field in layout.name)))
    key = street_key(name)
    line = _line(feature.geometry)
    if not key or line is None:
        report.refuse(feature.line, "no street name or no line")
        return
    for side, fields in (("L", layout.left), ("R", layout.right)):
        numbers = _numbers(values, fields)
        if numbers is None:
            continue
        zip5 = read_zip(_text(values, fields.zip).partition(".")[0], state) or ""
        town = _text(values, fields.city) or city
        if not (zip5 or town):
            report.refuse(feature.line, "neither city nor ZIP code")
            continue
        parity = _parity(_text(values, fields.parity), numbers)
        yield (key, city_key(town), zip5, name, town, *numbers, parity, side, line)


def _text(values: Values, field: str) -> str:
    return str(values.get(field.casefold()) or "").strip() if field else ""


def _numbers(values: Values, fields: SideFields) -> tuple[int, int] | None:
    """Both ends of a side; None for a side without houses, which files write as blank or 0."""
    ends = []
    for field in (fields.number_from, fields.number_to):
        value = values.get(field.casefold())
        is_float = isinstance(value, float) and math.isfinite(value)
        found = _DIGITS.match(f"{value:.0f}" if is_float else _text(values, field))
        if found is None or int(found[1]) == 0:
            return None
        ends.append(int(found[1]))
    return ends[0], ends[1]


def _parity(given: str, numbers: tuple[int, int]) -> int:
    low, high = numbers
    return _PARITIES.get(given.upper(), low % 2 if low % 2 == high % 2 else _BOTH)


def _line(geometry: BaseGeometry | None) -> bytes | None:
    """The segment as one line; of several parts the longest."""
    if geometry is None or geometry.is_empty:
        return None
    merged = shapely.line_merge(geometry) if geometry.geom_type == "MultiLineString" else geometry
    parts = [part for part in shapely.get_parts(merged) if part.geom_type == "LineString"]
    return shapely.to_wkb(max(parts, key=lambda part: part.length), output_dimension=2) if parts else None
