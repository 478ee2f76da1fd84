"""Keeps what districts look like on a map, so that one process draws them once after an import."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import district, drawing
from shared.domain.places import Chamber


def districts_mark(connection: Connection, jurisdiction: str, chamber: Chamber) -> str:
    """Changes whenever a district of the chamber comes or goes; empty while there is none."""
    query = select(func.count(), func.max(district.c.id), func.sum(district.c.id)).where(
        district.c.jurisdiction == jurisdiction, district.c.chamber == chamber.value, district.c.valid_to.is_(None)
    )
    count, newest, total = connection.execute(query).one()
    return f"{count}-{newest}-{total}" if count else ""


def read_drawing(connection: Connection, jurisdiction: str, chamber: Chamber) -> tuple[str, Mapping[str, Any]] | None:
    """What it was drawn from, and the drawing."""
    query = select(drawing.c.drawn_from, drawing.c.content).where(
        drawing.c.jurisdiction == jurisdiction, drawing.c.chamber == chamber.value
    )
    row = connection.execute(query).one_or_none()
    return (row.drawn_from, row.content) if row else None


def write_drawing(
    connection: Connection, jurisdiction: str, chamber: Chamber, drawn_from: str, content: Mapping[str, Any]
) -> None:
    """Keeps a drawing in the place of the one before."""
    key = {"jurisdiction": jurisdiction, "chamber": chamber.value}
    values = {"drawn_from": drawn_from, "content": dict(content)}
    statement = insert(drawing).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))
