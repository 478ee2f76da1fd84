"""Statements of the busiest roads, handed to the driver as they are: what SQLAlchemy adds costs more than the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection, Executable, RowMapping
from sqlalchemy.dialects.postgresql import psycopg as dialects
from sqlalchemy.exc import DBAPIError

_DIALECT = dialects.dialect()  # type: ignore[no-untyped-call]
# A row however it was read.
Row = RowMapping | Mapping[str, Any]


@dataclass(frozen=True)
class Spelled:
    """A statement as the driver takes it, with %(name)s for values; `fixed` are those that are always the same."""

    text: str
    fixed: Mapping[str, Any] = field(default_factory=dict)


def spell(statement: Executable) -> Spelled:
    """Spells a statement of SQLAlchemy's once and for all; its named parameters stay open."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return Spelled(str(compiled), fixed)


def ask(connection: Connection, statement: Spelled, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that come back, within the connection's transaction if it has one; raises DBAPIError as usual."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)  # noqa: S101 - our engines have this driver, tells the type
    try:
        with raw.cursor(row_factory=dict_row) as cursor:
            cursor.execute(statement.text, {**statement.fixed, **values})
            return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []
    except psycopg.Error as error:
        if raw.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement.text, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=raw.closed
        ) from error
