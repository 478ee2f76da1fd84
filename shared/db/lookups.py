"""The queries of a lookup: address points and street ranges by key, and what suggestions are made from."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
# One round trip: the version of the directory, the streets of that name in the place, their points of that number.
# In the driver's own form: this query is most of a lookup, and runs prepared, without SQLAlchemy's work around it.
_FIND_POINTS = (
    "SELECT version.finished, version.holder, found.* FROM (SELECT"
    " (SELECT max(finished_at) FROM import_run WHERE jurisdiction = %(jurisdiction)s) AS finished,"
    " (SELECT coalesce(max(id), 0) FROM office_holder) AS holder) AS version LEFT JOIN ("
    " SELECT street.name, street.city, street.city_key, street.zip, point.number, point.suffix, point.lat, point.lon,"
    " source.name AS source FROM street LEFT JOIN address_point point"
    " ON point.street_id = street.id AND point.number IN (%(low)s, %(high)s)"
    " LEFT JOIN address_source source ON source.id = point.source_id"
    " WHERE street.jurisdiction = %(jurisdiction)s AND street.street_key = %(street)s"
    " AND (street.zip = %(zip)s OR street.city_key = %(city)s)) AS found ON true"
)
_FIND_RANGES = text(
    "SELECT street.name, street.city, street.city_key, street.zip, r.number_from, r.number_to, r.parity, r.side,"
    " r.line, source.name AS source FROM street JOIN street_range r ON r.street_id = street.id"
    f" JOIN address_source source ON source.id = r.source_id WHERE {_IN_PLACE}"
    " AND (street.zip = :zip OR street.city_key = :city)"
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


def find_points(
    connection: Connection, jurisdiction: str, street: str, numbers: tuple[int, int], *, zip5: str, city: str
) -> tuple[Version, list[PointRow]]:
    """The directory's version, and streets of that key which the ZIP code or the city points at, with their points."""
    values = {"jurisdiction": jurisdiction, "street": street, "low": numbers[0], "high": numbers[1]}
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor:
        cursor.execute(_FIND_POINTS, {**values, "zip": zip5 or None, "city": city or None}, prepare=True)
        rows = cursor.fetchall()
    return (rows[0][0], rows[0][1]), [PointRow(*row[2:]) for row in rows if row[2] is not None]


def find_ranges(connection: Connection, jurisdiction: str, street: str, *, zip5: str, city: str) -> list[RangeRow]:
    """All sides of all segments of the streets of that key which the ZIP code or the city points at."""
    values = {"jurisdiction": jurisdiction, "street": street}
    rows = connection.execute(_FIND_RANGES, {**values, "zip": zip5 or None, "city": city or None})
    return [RangeRow(*row) for row in rows]


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
