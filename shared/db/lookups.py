"""The queries of a lookup: address points and street ranges by key, and what suggestions are made from."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from typing import Any

import psycopg
from sqlalchemy import Connection, text

Version = tuple[datetime | None, int]


@dataclass(frozen=True, slots=True)
class PointRow:
    """A street in a place and, when `number` is set, one of its address points with a number asked for."""

    name: str
    city: str
    city_key: str
    zip: str
    number: int | None
    suffix: str
    lat: float
    lon: float
    source: str


@dataclass(frozen=True, slots=True)
class RangeRow:
    """One side of a street segment. `parity` is 0 for even numbers, 1 for odd, 2 for both."""

    name: str
    city: str
    city_key: str
    zip: str
    number_from: int
    number_to: int
    parity: int
    side: str
    line: bytes
    source: str

    def holds(self, number: int) -> bool:
        """True when the house number belongs on this side of this segment."""
        low, high = sorted((self.number_from, self.number_to))
        return low <= number <= high and self.parity in (2, number % 2)


@dataclass(frozen=True, slots=True)
class StreetRow:
    """A street in a place."""

    id: int
    street_key: str
    name: str
    city: str
    city_key: str
    zip: str


_IN_PLACE = "street.jurisdiction = :jurisdiction AND street.street_key = :street"
# One round trip for many addresses: the version of the directory, the streets of each name in its place, their points
# of the numbers asked for. In the driver's own form, since it is most of a lookup, and runs prepared.
_FIND_POINTS = (
    "SELECT version.finished, version.holder, found.* FROM (SELECT"
    " greatest((SELECT max(finished_at) FROM import_run WHERE jurisdiction = %(jurisdiction)s),"
    " (SELECT max(moved_at) FROM office_change)) AS finished,"
    " (SELECT coalesce(max(id), 0) FROM office_holder) AS holder) AS version LEFT JOIN ("
    " SELECT asked.position, street.name, street.city, street.city_key, street.zip, point.number, point.suffix,"
    " point.lat, point.lon, source.name AS source"
    " FROM unnest(%(position)s::int[], %(street)s::text[], %(zip)s::text[], %(city)s::text[], %(low)s::int[],"
    " %(high)s::int[]) AS asked(position, street, zip, city, low, high)"
    " JOIN street ON street.jurisdiction = %(jurisdiction)s AND street.street_key = asked.street"
    " AND (street.zip = asked.zip OR street.city_key = asked.city)"
    " LEFT JOIN address_point point ON point.street_id = street.id AND point.number IN (asked.low, asked.high)"
    " LEFT JOIN address_source source ON source.id = point.source_id) AS found ON true"
)
_FIND_RANGES = text(
    "SELECT street.name, street.city, street.city_key, street.zip, r.number_from, r.number_to, r.parity, r.side,"
    " r.line, source.name AS source FROM street JOIN street_range r ON r.street_id = street.id"
    f" JOIN address_source source ON source.id = r.source_id WHERE {_IN_PLACE}"
    " AND (street.zip = ANY(:zips) OR street.city_key = :city)"
)
_STREETS_OF_PLACE = text(
    "SELECT id, street_key, name, city, city_key, zip FROM street WHERE jurisdiction = :jurisdiction"
    " AND (zip = ANY(:zips) OR city_key = ANY(:cities))"
)
_STREETS_OF_NAME = text(
    f"SELECT id, street_key, name, city, city_key, zip FROM street WHERE {_IN_PLACE} ORDER BY city_key, zip"
)
_WITH_NUMBER = text(
    "SELECT street_id FROM address_point WHERE street_id = ANY(:streets) AND number = :number"
    " UNION SELECT street_id FROM street_range WHERE street_id = ANY(:streets)"
    " AND :number BETWEEN least(number_from, number_to) AND greatest(number_from, number_to)"
    " AND parity IN (2, :number % 2)"
)
_NEAR_NUMBERS = text(
    "SELECT DISTINCT number, abs(number - :number) AS distance FROM address_point WHERE street_id = ANY(:streets)"
    " AND number % 2 = :number % 2 ORDER BY distance, number LIMIT :limit"
)
_PLACES = text("SELECT DISTINCT city_key, zip FROM street WHERE jurisdiction = :jurisdiction")
_CITY_NAMES = text(
    "SELECT city_key, min(city) FROM street WHERE jurisdiction = :jurisdiction AND city_key <> '' GROUP BY city_key"
)


@dataclass(frozen=True, slots=True)
class PointQuestion:
    """A street by its key, where it may lie, and the house numbers wanted, lowest and highest."""

    street: str
    zips: Sequence[str]
    city: str
    low: int
    high: int


def find_points(
    connection: Connection, jurisdiction: str, questions: Sequence[PointQuestion]
) -> tuple[Version, list[list[PointRow]]]:
    """The directory's version, and for each question the streets its ZIP codes or its city point at, with points."""
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor:
        cursor.execute(_FIND_POINTS, {"jurisdiction": jurisdiction, **_columns(questions)}, prepare=True)
        rows = cursor.fetchall()
    found: list[list[PointRow]] = [[] for _ in questions]
    for row in rows:
        if row[2] is not None:
            found[row[2]].append(PointRow(*row[3:]))
    return (rows[0][0], rows[0][1]), found


def _columns(questions: Sequence[PointQuestion]) -> dict[str, list[Any]]:
    """The questions as parallel arrays, one entry for each ZIP code; the city is asked for only once."""
    entries = [
        (position, asked.street, zip5 or None, (asked.city or None) if first else None, asked.low, asked.high)
        for position, asked in enumerate(questions)
        for first, zip5 in zip(chain((True,), repeat(False)), asked.zips or ("",), strict=False)
    ]
    names = ("position", "street", "zip", "city", "low", "high")
    return dict(zip(names, map(list, zip(*entries, strict=True)), strict=True))


def find_ranges(
    connection: Connection, jurisdiction: str, street: str, *, zips: Sequence[str], city: str
) -> list[RangeRow]:
    """All sides of all segments of the streets of that key which the ZIP codes or the city point at."""
    values = {"jurisdiction": jurisdiction, "street": street, "zips": list(zips), "city": city or None}
    return [RangeRow(*row) for row in connection.execute(_FIND_RANGES, values)]


def streets_of_place(
    connection: Connection, jurisdiction: str, zips: Sequence[str], cities: Sequence[str]
) -> list[StreetRow]:
    """All streets of these ZIP codes and cities."""
    values = {"jurisdiction": jurisdiction, "zips": list(zips), "cities": list(cities)}
    return [StreetRow(*row) for row in connection.execute(_STREETS_OF_PLACE, values)]


def streets_of_name(connection: Connection, jurisdiction: str, street: str) -> list[StreetRow]:
    """The streets of that key anywhere."""
    return [
        StreetRow(*r) for r in connection.execute(_STREETS_OF_NAME, {"jurisdiction": jurisdiction, "street": street})
    ]


def with_number(connection: Connection, streets: Sequence[int], number: int) -> set[int]:
    """Those of the streets that have the house number."""
    return set(connection.execute(_WITH_NUMBER, {"streets": list(streets), "number": number}).scalars())


def near_numbers(connection: Connection, streets: Sequence[int], number: int, limit: int) -> list[int]:
    """House numbers on the same side of these streets, nearest first."""
    values = {"streets": list(streets), "number": number, "limit": limit}
    return list(connection.execute(_NEAR_NUMBERS, values).scalars())


def known_places(connection: Connection, jurisdiction: str) -> tuple[set[tuple[str, str]], dict[str, str]]:
    """Which cities occur with which ZIP codes, and the cities' names by key."""
    values = {"jurisdiction": jurisdiction}
    pairs = {(row[0], row[1]) for row in connection.execute(_PLACES, values)}
    return pairs, {row[0]: row[1] for row in connection.execute(_CITY_NAMES, values)}
