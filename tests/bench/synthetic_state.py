"""A state of any size made by arithmetic: districts with winding edges, their members, and millions of addresses."""

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

from shared.domain.places import HomeAddress

SOUTH, NORTH, WEST, EAST = 41.3, 42.8, -73.4, -70.0
TOWNS = 350
NUMBERS = 100
_NAMES = (
    "Maple Oak Elm Pine Cedar Birch Main High School Church Park Washington Lincoln Adams Pleasant Water Mill River"
    " Spring Summer"
)
_KINDS = ("St", "Ave", "Rd", "Ln", "Dr")
STREETS = [f"{name} {kind}" for name in _NAMES.split() for kind in _KINDS]
# Corners along each side of a district; a real one of Massachusetts has about as many.
_CORNERS = 100
_SWING = 0.004


def write_points(path: Path, count: int) -> None:
    """`count` address points as OpenAddresses writes them."""
    with path.open("w", encoding="utf-8") as file:
        file.write("LON,LAT,NUMBER,STREET,UNIT,CITY,DISTRICT,REGION,POSTCODE\n")
        for index in range(count):
            number, street, town, lat, lon = _point(index)
            file.write(f"{lon:.6f},{lat:.6f},{number},{street},,Town {town},,MA,{1_000 + town:05d}\n")


def addresses(count: int, of: int) -> Iterator[HomeAddress]:
    """`count` different ones of the first `of` points, spread over all of them."""
    step = max(1, of // count) | 1
    for n in range(count):
        number, street, town, _, _ = _point(n * step % of)
        yield HomeAddress(f"{number} {street}", f"Town {town}", "MA", f"{1_000 + town:05d}")


def write_districts(path: Path, columns: int, rows: int, names: list[str], chamber: str) -> None:
    """A grid of districts that share winding edges."""
    features = []
    for index, name in enumerate(names[: columns * rows]):
        column, row = index % columns, index // columns
        ring = _ring(column / columns, (column + 1) / columns, row / rows, (row + 1) / rows)
        features.append(
            {
                "type": "Feature",
                "properties": {"name": name, "chamber": chamber},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def write_roster(path: Path, house: list[str], senate: list[str]) -> None:
    """A member for every seat, in Open States' columns."""
    names = "id name current_party current_district current_chamber given_name family_name email"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names.split())
        for chamber, districts in (("lower", house), ("upper", senate)):
            for n, district in enumerate(districts):
                name = f"Member{chamber}{n}"
                writer.writerow(
                    [
                        f"ocd-person/{chamber}-{n}",
                        f"Sam {name}",
                        "Independent",
                        district,
                        chamber,
                        "Sam",
                        name,
                        f"{name}@{chamber}.example",
                    ]
                )


def _point(index: int) -> tuple[int, str, int, float, float]:
    number, rest = index % NUMBERS + 1, index // NUMBERS
    street, town = STREETS[rest % len(STREETS)], rest // len(STREETS) % TOWNS
    spread = math.modf(rest * 0.618_033_988_75)[0]
    # Away from the state's border, which winds too.
    lat = SOUTH + (NORTH - SOUTH) * (0.01 + 0.98 * (town % 14 + spread) / 14)
    lon = WEST + (EAST - WEST) * (0.01 + 0.98 * (town // 14 + number / NUMBERS) / 25)
    return number, street, town, lat, lon


def _ring(west: float, east: float, south: float, north: float) -> list[list[float]]:
    steps = [n / _CORNERS for n in range(_CORNERS)]
    corners = [(west + (east - west) * s, south) for s in steps]
    corners += [(east, south + (north - south) * s) for s in steps]
    corners += [(east - (east - west) * s, north) for s in steps]
    corners += [(west, north - (north - south) * s) for s in steps]
    return [_bend(*corner) for corner in [*corners, corners[0]]]


def _bend(x: float, y: float) -> list[float]:
    lon, lat = WEST + (EAST - WEST) * x, SOUTH + (NORTH - SOUTH) * y
    return [lon + _SWING * math.sin(lat * 90), lat + _SWING * math.sin(lon * 90)]
