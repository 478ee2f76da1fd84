"""Writes imported streets, points and ranges: rows stream into a temporary table, then one merge in SQL.

The merge keeps what is unchanged, so that importing a file twice writes nothing the second time.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import address_source

_STAGES = {
    "points": "number int, suffix text, lat float8, lon float8",
    "ranges": "number_from int, number_to int, parity smallint, side text, line bytea",
}
_STAGED = {"points": "number, suffix, lat, lon", "ranges": "number_from, number_to, parity, side, line"}
_TARGETS = {"points": "address_point", "ranges": "street_range"}
# What makes two rows the same place, so that another position counts as changed, not as gone and new.
_PLACES = {"points": "number, suffix", "ranges": "number_from, number_to, parity, side"}


@dataclass(frozen=True)
class MergeCounts:
    """What a merge did, in rows."""

    new: int
    changed: int
    gone: int
    unchanged: int


def find_source(connection: Connection, jurisdiction: str, kind: str, name: str) -> int:
    """The id of an imported file by its name, made when it is new."""
    row = {"jurisdiction": jurisdiction, "kind": kind, "name": name}
    stamped = text("now()")
    known = insert(address_source).values(**row)
    query = known.on_conflict_do_update(index_elements=["jurisdiction", "kind", "name"], set_={"imported_at": stamped})
    return int(connection.execute(query.returning(address_source.c.id)).scalar_one())


@contextmanager
def stage(connection: Connection, kind: str) -> Iterator[psycopg.Copy]:
    """A stream into a temporary table: street key, city key, ZIP, street, city, then the columns of `kind`."""
    names = "street_key text, city_key text, zip text, name text, city text"
    connection.execute(text(f"CREATE TEMP TABLE staged ({names}, {_STAGES[kind]}) ON COMMIT DROP"))
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy("COPY staged FROM STDIN") as copy:
        yield copy


def merge(connection: Connection, kind: str, jurisdiction: str, source_id: int) -> MergeCounts:
    """Makes the source's rows equal to what was staged, in one transaction with it."""
    values = {"jurisdiction": jurisdiction, "source": source_id}
    for statement in (_add_streets(), *_prepare(kind)):
        connection.execute(text(statement), values)
    gone = _count(connection, _delete(kind), values)
    new = _count(connection, _add(kind), values)
    changed = int(connection.execute(text(_changed(kind))).scalar_one())
    total = int(connection.execute(text("SELECT count(*) FROM fresh")).scalar_one())
    connection.execute(text(_DELETE_EMPTY_STREETS), values)
    connection.execute(text(f"ANALYZE street, {_TARGETS[kind]}"))
    return MergeCounts(new - changed, changed, gone - changed, total - new)


def _count(connection: Connection, statement: str, values: dict[str, Any]) -> int:
    return connection.execute(text(statement), values).rowcount


def _add_streets() -> str:
    return (
        "INSERT INTO street (jurisdiction, street_key, city_key, zip, name, city)"
        " SELECT DISTINCT ON (street_key, city_key, zip) :jurisdiction, street_key, city_key, zip, name, city"
        " FROM staged ORDER BY street_key, city_key, zip, name, city ON CONFLICT DO NOTHING"
    )


def _prepare(kind: str) -> tuple[str, ...]:
    columns, target = _STAGED[kind], _TARGETS[kind]
    fresh = (
        f"CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT DISTINCT street.id AS street_id, {columns} FROM staged"
        " JOIN street ON street.jurisdiction = :jurisdiction AND street.street_key = staged.street_key"
        " AND street.city_key = staged.city_key AND street.zip = staged.zip"
    )
    gone = (
        f"CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT street_id, {columns} FROM {target} old"
        f" WHERE source_id = :source AND NOT EXISTS (SELECT 1 FROM fresh WHERE {_same('fresh', 'old', columns)})"
    )
    coming = (
        "CREATE TEMP TABLE coming ON COMMIT DROP AS SELECT * FROM fresh WHERE NOT EXISTS (SELECT 1"
        f" FROM {target} old WHERE source_id = :source AND {_same('fresh', 'old', columns)})"
    )
    return (fresh, "DROP TABLE staged", "ANALYZE fresh", gone, coming, "ANALYZE gone")


def _same(one: str, other: str, columns: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in ["street_id", *columns.split(", ")])


def _delete(kind: str) -> str:
    same = _same("old", "gone", _STAGED[kind])
    return f"DELETE FROM {_TARGETS[kind]} old USING gone WHERE old.source_id = :source AND {same}"


def _add(kind: str) -> str:
    columns = _STAGED[kind]
    return (
        f"INSERT INTO {_TARGETS[kind]} (street_id, source_id, {columns})"
        f" SELECT street_id, :source, {columns} FROM coming ORDER BY street_id"
    )


def _changed(kind: str) -> str:
    places = f"street_id, {_PLACES[kind]}"
    return f"SELECT count(*) FROM (SELECT {places} FROM gone INTERSECT ALL SELECT {places} FROM coming) AS moved"


_DELETE_EMPTY_STREETS = (
    "DELETE FROM street WHERE jurisdiction = :jurisdiction"
    " AND NOT EXISTS (SELECT 1 FROM address_point WHERE street_id = street.id)"
    " AND NOT EXISTS (SELECT 1 FROM street_range WHERE street_id = street.id)"
)
