"""Imports district shapes of one chamber. A new plan ends the old districts on the day of the import."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from shared.clock import now
from shared.db import directory
from shared.domain.chambers import find_chamber
from shared.domain.days import local_day
from shared.domain.districts import district_key, district_name, division_id
from shared.domain.office_changes import ImportChangeKind
from shared.domain.places import Chamber
from shared.domain.us_states import UsState, state_of
from shared.errors import ImportRefused
from shared.services.imports.offices import fill_vacant_districts
from shared.services.imports.reports import ImportReport, Progress, import_run, no_progress
from shared.services.imports.shapes import Feature, read_features

_NAME_FIELDS = ("name", "NAMELSAD", "NAMELSAD20", "NAME", "DISTRICT", "REP_DIST", "SEN_DIST")
_CODE_FIELDS = {"SLDLST": Chamber.LOWER, "SLDUST": Chamber.UPPER, "CDFP": Chamber.CONGRESS}
# The Census files water without a district under these codes.
_NO_DISTRICT = frozenset({"ZZZ", "ZZ"})


@dataclass(frozen=True)
class _Shape:
    chamber: Chamber
    name: str
    ocd_id: str
    wkb: bytes


def import_districts(
    engine: Engine,
    path: Path,
    jurisdiction: str,
    *,
    chamber: Chamber | None = None,
    source: str = "",
    who: str = "",
    progress: Progress = no_progress,
) -> ImportReport:
    """Reads the shapes of a chamber; `chamber` is needed when the file doesn't say it. Raises ImportRefused."""
    state = state_of(jurisdiction)
    with import_run(engine, "districts", state.code.lower(), source or path.name, who) as (connection, report):
        shapes: dict[tuple[Chamber, str], _Shape] = {}
        for feature in read_features(path):
            report.read += 1
            progress(feature.share)
            found = _read(feature, state, chamber)
            if isinstance(found, str):
                report.refuse(feature.line, found)
            elif found is not None:
                shapes[found.chamber, district_key(found.name)] = found
        if not shapes:
            raise ImportRefused(f"{path.name} holds no district of {state.name}. Name the chamber with --chamber.")
        report.chambers = sorted({shape.chamber.value for shape in shapes.values()})
        for one in {shape.chamber for shape in shapes.values()}:
            today = local_day(state.code, now())
            _replace(connection, state, [s for s in shapes.values() if s.chamber is one], report, today)
        fill_vacant_districts(connection, state, report)
    return report


def _read(feature: Feature, state: UsState, wanted: Chamber | None) -> _Shape | str | None:
    """A shape; None for one of another state; why it can't be used."""
    properties = feature.properties
    if str(properties.get("STATEFP") or state.fips) != state.fips:
        return None
    said, code = _chamber_and_code(properties)
    chamber = wanted or said
    if code.upper() in _NO_DISTRICT:
        return None
    if said is not chamber and said is not None:
        raise ImportRefused(f"The file holds districts of the chamber “{said}”, not “{chamber}”. Nothing was changed.")
    if chamber is None:
        return "the file doesn't say which chamber this is"
    name = next((str(properties[field]) for field in _NAME_FIELDS if properties.get(field)), code)
    if not name:
        return "the district has no name"
    shape = _polygons(feature.geometry)
    if shape is None:
        return "the district has no area"
    shown = district_name(name, chamber)
    ocd_id = str(properties.get("ocd_id") or "") or division_id(state, chamber, shown)
    return _Shape(chamber, shown, ocd_id, shapely.to_wkb(shape))


def _chamber_and_code(properties: Mapping[str, Any]) -> tuple[Chamber | None, str]:
    for field, value in properties.items():
        short = "CDFP" if field.startswith("CD") and field.endswith("FP") else field
        if short in _CODE_FIELDS:
            return _CODE_FIELDS[short], str(value)
    return find_chamber(str(properties.get("chamber") or "")), ""


def _polygons(geometry: BaseGeometry | None) -> BaseGeometry | None:
    """The geometry as valid polygons only; None when nothing is left."""
    if geometry is None or geometry.is_empty:
        return None
    valid = geometry if geometry.is_valid else shapely.make_valid(geometry)
    parts = [part for part in shapely.get_parts(valid) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if len(parts) > 1 and valid is not geometry else (valid if parts else None)


def _replace(connection: Connection, state: UsState, shapes: list[_Shape], report: ImportReport, today: date) -> None:
    jurisdiction, chamber = state.code.lower(), shapes[0].chamber
    old = {district_key(row.name): row for row in directory.current_districts(connection, jurisdiction, chamber)}
    ended, opened, known = [], [], len(old)
    for shape in shapes:
        before = old.pop(district_key(shape.name), None)
        if before is not None and before.shape == shape.wkb:
            report.unchanged += 1
            continue
        if before is not None:
            ended.append(before.id)
            report.changed += 1
            report.tell(ImportChangeKind.CHANGED, chamber, shape.name, what="shape")
        else:
            report.new += 1
            report.tell(ImportChangeKind.NEW, chamber, shape.name, what="district")
        opened.append(_row(jurisdiction, shape, report.run_id, today))
    report.gone += len(old)
    for row in old.values():
        report.tell(ImportChangeKind.GONE, chamber, row.name, what="district", old=row.name)
    report.suspect(len(old), known, f"{chamber} districts are gone")
    directory.end_districts(connection, [*ended, *(row.id for row in old.values())], today)
    directory.add_districts(connection, opened)


def _row(jurisdiction: str, shape: _Shape, run_id: int, today: date) -> dict[str, Any]:
    return {
        "jurisdiction": jurisdiction,
        "chamber": shape.chamber,
        "name": shape.name,
        "ocd_id": shape.ocd_id,
        "shape": shape.wkb,
        "valid_from": today,
        "import_run_id": run_id,
    }
