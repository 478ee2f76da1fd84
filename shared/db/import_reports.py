"""Reads and writes what imports did: runs with their counts, and each seat or district that one changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from shared.db.tables import district, import_change, import_run, office, office_holder

_ENOUGH = 30


def write_changes(connection: Connection, run_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """All changes of a run at once."""
    if rows:
        connection.execute(insert(import_change), [{"import_run_id": run_id, **row} for row in rows])


def list_runs(connection: Connection, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Finished runs, newest first, those with numbers under `before`."""
    query = select(import_run).where(import_run.c.finished_at.is_not(None))
    if before is not None:
        query = query.where(import_run.c.id < before)
    return connection.execute(query.order_by(import_run.c.id.desc()).limit(limit)).mappings().all()


def read_run(connection: Connection, run_id: int) -> RowMapping | None:
    """One finished run."""
    query = select(import_run).where(import_run.c.id == run_id, import_run.c.finished_at.is_not(None))
    return connection.execute(query).mappings().one_or_none()


def settle_run(connection: Connection, run_id: int, who: str) -> None:
    """Notes in the run's report who has dealt with its warnings; an empty name takes that back."""
    noted = update(import_run).where(import_run.c.id == run_id)
    connection.execute(noted.values(report=import_run.c.report.op("||")(func.jsonb_build_object("settled_by", who))))


def list_changes(connection: Connection, run_id: int, after: int, limit: int) -> Sequence[RowMapping]:
    """What the run changed, in the order in which it did, those with numbers beyond `after`."""
    query = select(import_change).where(import_change.c.import_run_id == run_id, import_change.c.id > after)
    return connection.execute(query.order_by(import_change.c.id).limit(limit)).mappings().all()


def count_kinds(connection: Connection, run_id: int) -> dict[str, int]:
    """Changes by kind."""
    query = select(import_change.c.kind, func.count()).where(import_change.c.import_run_id == run_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(import_change.c.kind))}


def last_runs(connection: Connection, jurisdiction: str, kind: str) -> Sequence[RowMapping]:
    """The last finished runs of a kind in a state, newest first; enough to meet every chamber."""
    query = select(import_run).where(import_run.c.jurisdiction == jurisdiction, import_run.c.kind == kind)
    finished = query.where(import_run.c.finished_at.is_not(None)).order_by(import_run.c.id.desc())
    return connection.execute(finished.limit(_ENOUGH)).mappings().all()


def newest_rosters(connection: Connection) -> dict[str, datetime | None]:
    """When the legislators of each state with real offices were last imported; None for never."""
    ended = select(func.max(import_run.c.finished_at)).where(
        import_run.c.jurisdiction == office.c.jurisdiction, import_run.c.kind == "legislators"
    )
    query = select(office.c.jurisdiction, ended.scalar_subquery()).where(office.c.is_practice.is_(False))
    return {row[0]: row[1] for row in connection.execute(query.distinct().order_by(office.c.jurisdiction))}


def count_seats(connection: Connection) -> Sequence[RowMapping]:
    """Real seats, those with a holder, and mapped districts, by state and chamber."""
    mapped = select(func.count()).where(
        district.c.jurisdiction == office.c.jurisdiction,
        district.c.chamber == office.c.chamber,
        district.c.valid_to.is_(None),
    )
    query = (
        select(
            office.c.jurisdiction,
            office.c.chamber,
            func.count().label("seats"),
            func.count(office_holder.c.id).label("held"),
            mapped.scalar_subquery().label("districts"),
        )
        .select_from(office)
        .outerjoin(office_holder, (office_holder.c.office_id == office.c.id) & office_holder.c.valid_to.is_(None))
        .where(office.c.is_practice.is_(False))
        .group_by(office.c.jurisdiction, office.c.chamber)
        .order_by(office.c.jurisdiction, office.c.chamber)
    )
    return connection.execute(query).mappings().all()
