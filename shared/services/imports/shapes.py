"""Reads features from GeoJSON (plain, gzipped or zipped) and zipped shapefiles as properties and WGS84 geometry."""

import codecs
import gzip
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapefile
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from shared.errors import ImportRefused
from shared.services.imports.geojson import iterate_features
from shared.services.imports.text_files import OLD_WINDOWS, ZIP, open_text, read_start

# Public shapefiles of the Census are in NAD83, which differs from WGS84 by about a metre: no transformation.
_MOST_LATITUDE, _MOST_LONGITUDE = 90.0, 180.0
_DEGREES = ("GCS_", "GEOGCS")
_PROJECTED = "{name} is in a map projection. Give it in degrees (WGS84 or NAD83)."
_GEOJSON = (".geojson", ".json", ".geojsonl", ".ndjson")
# Its remarks on single rings help nobody who imports.
shapefile.VERBOSE = False


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
            is_zip = read_start(file) == ZIP
        for feature in _shapefile(path) if is_zip and _holds_shapefile(path) else _geojson(path):
            if not _is_in_degrees(feature.geometry):
                raise ImportRefused(_PROJECTED.format(name=path.name))
            yield feature
    except FileNotFoundError as error:
        raise ImportRefused(f"There is no file {path}.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise ImportRefused(f"{path} can't be read: {error.strerror}.") from error
    except zipfile.BadZipFile as error:
        raise ImportRefused(f"{path.name} is not a whole zipped shapefile: {error}.") from error


def _holds_shapefile(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return not any(name.lower().endswith(_GEOJSON) for name in archive.namelist())


def _geojson(path: Path) -> Iterator[Feature]:
    try:
        with open_text(path, _GEOJSON) as file:
            for line, feature in enumerate(iterate_features(file.text), 1):
                parts = feature if isinstance(feature, dict) else {}
                properties = parts.get("properties")
                yield Feature(
                    line,
                    file.share(),
                    properties if isinstance(properties, dict) else {},
                    _geometry(parts.get("geometry")),
                )
    except (ValueError, RecursionError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ImportRefused(f"{path.name} is neither GeoJSON nor a zipped shapefile: {error}.") from error


def _shapefile(path: Path) -> Iterator[Feature]:
    try:
        _check_degrees(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = shapefile.Reader(str(path), encoding=_encoding(path), encodingErrors=OLD_WINDOWS)
        with reader:
            count = len(reader)
            for line, record in enumerate(reader.iterShapeRecords(), 1):
                yield Feature(line, line / count, record.record.as_dict(), _geometry(record.shape.__geo_interface__))
    except shapefile.ShapefileException as error:
        raise ImportRefused(f"{path.name} is not a whole zipped shapefile: {error}.") from error


def _encoding(path: Path) -> str:
    """What the file says of its letters; UTF-8 where it says nothing, or names something unheard of."""
    named = _read_part(path, ".cpg").strip()
    try:
        return codecs.lookup(named).name if named else "utf-8"
    except LookupError:
        return "utf-8"


def _check_degrees(path: Path) -> None:
    text = _read_part(path, ".prj") or "GEOGCS"
    if not text.lstrip().startswith(_DEGREES):
        raise ImportRefused(_PROJECTED.format(name=path.name))


def _read_part(path: Path, ending: str) -> str:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(ending)]
        return archive.read(names[0]).decode("ascii", "replace") if names else ""


def _is_in_degrees(geometry: BaseGeometry | None) -> bool:
    if geometry is None or geometry.is_empty:
        return True
    west, south, east, north = geometry.bounds
    return bool(max(abs(west), abs(east)) <= _MOST_LONGITUDE and max(abs(south), abs(north)) <= _MOST_LATITUDE)


def _geometry(value: Any) -> BaseGeometry | None:
    try:
        return shape(value) if value else None
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
