"""Reads features from GeoJSON (plain or gzipped) and zipped shapefiles as properties and a geometry in WGS84."""

import gzip
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapefile
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from shared.errors import ImportRefused

# Public shapefiles of the Census are in NAD83, which differs from WGS84 by about a metre: no transformation.
_DEGREES = ("GCS_", "GEOGCS")


@dataclass(frozen=True)
class Feature:
    """One shape of a file; `line` counts features from 1."""

    line: int
    share: float
    properties: dict[str, Any]
    geometry: BaseGeometry | None


def read_features(path: Path) -> Iterator[Feature]:
    """All features of the file, one after the other; refuses files of other kinds."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ImportRefused(f"There is no file {path}.") from error
    yield from _shapefile(path) if start == b"PK\x03\x04" else _geojson(path, is_gzip=start[:2] == b"\x1f\x8b")


def _geojson(path: Path, *, is_gzip: bool) -> Iterator[Feature]:
    try:
        with gzip.open(path) if is_gzip else path.open("rb") as file:
            features = json.load(file)["features"]
    except (ValueError, KeyError, TypeError, EOFError, OSError) as error:
        raise ImportRefused(f"{path.name} is neither GeoJSON nor a zipped shapefile.") from error
    for line, feature in enumerate(features, 1):
        properties = feature.get("properties") or {}
        yield Feature(line, line / len(features), properties, _geometry(feature.get("geometry")))


def _shapefile(path: Path) -> Iterator[Feature]:
    try:
        _check_degrees(path)
        with shapefile.Reader(str(path), encoding="utf-8", encodingErrors="replace") as reader:
            count = len(reader)
            for line, record in enumerate(reader.iterShapeRecords(), 1):
                yield Feature(line, line / count, record.record.as_dict(), _geometry(record.shape.__geo_interface__))
    except (shapefile.ShapefileException, zipfile.BadZipFile) as error:
        raise ImportRefused(f"{path.name} is not a whole zipped shapefile: {error}.") from error


def _check_degrees(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        projections = [name for name in archive.namelist() if name.lower().endswith(".prj")]
        text = archive.read(projections[0]).decode("ascii", "replace") if projections else "GEOGCS"
    if not text.lstrip().startswith(_DEGREES):
        raise ImportRefused(f"{path.name} is in a map projection. Give it in degrees (WGS84 or NAD83).")


def _geometry(value: Any) -> BaseGeometry | None:
    try:
        return shape(value) if value else None
    except (ShapelyError, ValueError, TypeError, KeyError):
        return None
