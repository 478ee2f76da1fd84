"""Small hand-made data files of a state with square districts, for tests of importers and lookups."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import shapefile

# Two districts side by side; the edge runs north to south here.
EDGE_LON = -71.50
SOUTH, NORTH, WEST, EAST = 42.00, 42.20, -71.60, -71.40
WGS84_PRJ = 'GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983"]]'
ROSTER_COLUMNS = [
    "id",
    "name",
    "current_party",
    "current_district",
    "current_chamber",
    "given_name",
    "family_name",
    "email",
    "capitol_address",
    "capitol_voice",
]
POINT_COLUMNS = ["LON", "LAT", "NUMBER", "STREET", "UNIT", "CITY", "DISTRICT", "REGION", "POSTCODE"]


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """A CSV file, gzipped when the name says so."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def person(number: int, name: str, district: str, chamber: str = "lower", email: str = "") -> list[str]:
    """A line of a roster."""
    given, _, family = name.partition(" ")
    address = email or f"{family.lower()}@house.example"
    return [f"ocd-person/{number}", name, "Independent", district, chamber, given, family, address, "", "555-0100"]


def square(west: float, east: float, south: float = SOUTH, north: float = NORTH) -> dict[str, Any]:
    """A rectangle as GeoJSON geometry."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def write_geojson(path: Path, features: Sequence[tuple[Mapping[str, Any], dict[str, Any]]]) -> Path:
    """A collection of features."""
    items = [{"type": "Feature", "properties": dict(p), "geometry": g} for p, g in features]
    text = json.dumps({"type": "FeatureCollection", "features": items})
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_districts(path: Path, names: Sequence[str], chamber: str = "lower") -> Path:
    """Districts of equal width from west to east."""
    width = (EAST - WEST) / len(names)
    shapes = [square(WEST + i * width, WEST + (i + 1) * width) for i in range(len(names))]
    return write_geojson(path, [({"name": n, "chamber": chamber}, s) for n, s in zip(names, shapes, strict=True)])


def write_shapefile(
    path: Path, kind: int, fields: Sequence[str], records: Sequence[tuple[Sequence[object], Any]], prj: str = WGS84_PRJ
) -> Path:
    """A zipped shapefile of lines or polygons."""
    parts = {name: BytesIO() for name in ("shp", "shx", "dbf")}
    with shapefile.Writer(shapeType=kind, **parts) as writer:
        for field in fields:
            writer.field(field, "C", 80)
        for values, geometry in records:
            (writer.line if kind == shapefile.POLYLINE else writer.poly)(geometry)
            writer.record(*values)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(f"{path.stem}.{name}", data.getvalue())
        archive.writestr(f"{path.stem}.prj", prj)
    return path


def write_points(path: Path, rows: Sequence[tuple[str, str, str, str, float, float]]) -> Path:
    """Address points: number, street, city, ZIP, latitude, longitude."""
    lines = [[lon, lat, number, street, "", city, "", "MA", zip5] for number, street, city, zip5, lat, lon in rows]
    return write_csv(path, POINT_COLUMNS, lines)
