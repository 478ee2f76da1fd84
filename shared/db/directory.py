"""Reads and writes districts, offices and office holders. SQL only: what a file means is the importers' part."""

# ruff: noqa: S608 - statements are put together from constants, never from data

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, DateTime, and_, case, cast, func, insert, select, update

from shared.db.driver import Spelled, ask
from shared.db.tables import district, import_run, office, office_change, office_holder
from shared.domain.places import Chamber

# Letters in the hands of a worker, or being made, may still turn up for whoever held the seat before.
_SETTLED_WITHIN = timedelta(minutes=15)
_SEATED = (
    "EXISTS (SELECT 1 FROM district WHERE jurisdiction = %(jurisdiction)s AND valid_to IS NULL)"
    " AND EXISTS (SELECT 1 FROM office JOIN office_holder ON office_id = office.id"
    " WHERE jurisdiction = %(jurisdiction)s AND NOT is_practice AND valid_to IS NULL)"
)
# As a condition in a statement about the state %(jurisdiction)s.
COMPLETE = (
    f"{_SEATED} AND (EXISTS (SELECT 1 FROM street JOIN address_point ON street_id = street.id"
    " WHERE jurisdiction = %(jurisdiction)s) OR EXISTS (SELECT 1 FROM street JOIN street_range"
    " ON street_id = street.id WHERE jurisdiction = %(jurisdiction)s))"
)
_IS_SEATED, _IS_COMPLETE = (Spelled(f"SELECT {condition} AS answer") for condition in (_SEATED, COMPLETE))


@dataclass(frozen=True)
class DistrictRow:
    """A district as stored; `shape` is WKB."""

    id: int
    chamber: Chamber
    name: str
    ocd_id: str
    shape: bytes


@dataclass(frozen=True)
class OfficeRow:
    """A seat with the person who holds it now; `holder_id` None while it is vacant."""

    id: int
    chamber: Chamber
    district: str
    ocd_id: str
    seat: int
    title: str
    is_practice: bool
    holder_id: int | None
    person_id: str
    name: str
    given_name: str
    family_name: str
    party: str
    email: str
    phone: str
    postal_address: str
    # What the last roster said, where it is something else.
    roster: dict[str, str] | None = None


def directory_version(connection: Connection, jurisdiction: str) -> tuple[datetime | None, int]:
    """Changes with every finished import, every new office holder, and whatever organizers change about offices."""
    finished = select(func.max(import_run.c.finished_at)).where(import_run.c.jurisdiction == jurisdiction)
    moved = select(func.max(office_change.c.moved_at))
    newest = select(func.coalesce(func.max(office_holder.c.id), 0))
    latest = func.greatest(finished.scalar_subquery(), moved.scalar_subquery())
    row = connection.execute(select(latest, newest.scalar_subquery())).one()
    return row[0], row[1]


def districts_version(connection: Connection, jurisdiction: str) -> datetime | None:
    """Changes with every finished import of shapes; None when they came in another way."""
    shapes = select(func.max(import_run.c.finished_at)).where(
        import_run.c.jurisdiction == jurisdiction, import_run.c.kind == "districts"
    )
    found: datetime | None = connection.execute(shapes).scalar_one()
    return found


def current_districts(connection: Connection, jurisdiction: str, chamber: Chamber | None = None) -> list[DistrictRow]:
    """The districts in force, in the order of their ids, so that overlapping ones are always named alike."""
    query = select(district.c.id, district.c.chamber, district.c.name, district.c.ocd_id, district.c.shape).where(
        district.c.jurisdiction == jurisdiction, district.c.valid_to.is_(None)
    )
    if chamber is not None:
        query = query.where(district.c.chamber == chamber)
    query = query.order_by(district.c.ocd_id, district.c.id)
    return [DistrictRow(r[0], Chamber(r[1]), r[2], r[3], bytes(r[4])) for r in connection.execute(query)]


def current_offices(
    connection: Connection, jurisdiction: str, chamber: Chamber | None = None, *, is_practice: bool = False
) -> list[OfficeRow]:
    """All seats with their present holders, by seat."""
    holder = office_holder.c
    query = (
        select(
            *(office.c.id, office.c.chamber, office.c.district, office.c.ocd_id, office.c.seat, office.c.title),
            *(office.c.is_practice, holder.id, holder.person_id, holder.name, holder.given_name, holder.family_name),
            *(holder.party, holder.email, holder.phone, holder.postal_address, office.c.roster),
        )
        .join_from(
            office, office_holder, and_(holder.office_id == office.c.id, holder.valid_to.is_(None)), isouter=True
        )
        .where(office.c.jurisdiction == jurisdiction, office.c.is_practice == is_practice)
        .order_by(office.c.ocd_id, office.c.seat)
    )
    if chamber is not None:
        query = query.where(office.c.chamber == chamber)
    rows = connection.execute(query).all()
    return [_office_row(tuple(row)) for row in rows]


def _office_row(row: tuple[Any, ...]) -> OfficeRow:
    # A vacant seat has none of them.
    texts = [value or "" for value in row[8:16]]
    values: list[Any] = [row[0], Chamber(row[1]), *row[2:8], *texts, row[16]]
    return OfficeRow(*values)


def is_complete(connection: Connection, jurisdiction: str, *, without_addresses: bool = False) -> bool:
    """True when there are districts in force, offices with holders, and streets or points to find addresses by."""
    statement = _IS_SEATED if without_addresses else _IS_COMPLETE
    return bool(ask(connection, statement, {"jurisdiction": jurisdiction})[0]["answer"])


def add_districts(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Opens districts; the caller has ended those they replace."""
    if rows:
        connection.execute(insert(district), list(rows))


def end_districts(connection: Connection, ids: Iterable[int], on: date) -> None:
    """The districts are no longer in force from this day on."""
    connection.execute(update(district).where(district.c.id.in_(list(ids))).values(valid_to=on))


def rename_district(connection: Connection, district_id: int, name: str) -> None:
    """Gives a district the directory's spelling of its name."""
    connection.execute(update(district).where(district.c.id == district_id).values(name=name))


def add_office(connection: Connection, **values: Any) -> int:
    """A new seat; gives its id."""
    return int(connection.execute(insert(office).values(**values).returning(office.c.id)).scalar_one())


def change_office(connection: Connection, office_id: int, **values: Any) -> None:
    """Corrects a seat's name, id or title."""
    connection.execute(update(office).where(office.c.id == office_id).values(**values))


def open_holder(connection: Connection, office_id: int, on: date, run_id: int | None, **values: Any) -> int:
    """Somebody holds the seat from this day on."""
    row = {"office_id": office_id, "valid_from": on, "import_run_id": run_id, **values}
    return int(connection.execute(insert(office_holder).values(**row).returning(office_holder.c.id)).scalar_one())


def change_holder(connection: Connection, holder_id: int, **values: Any) -> None:
    """The same person with corrected details. Of another address we know only whether it failed before."""
    if "email" in values:
        is_new = office_holder.c.email != values["email"]
        failure = office_holder.c.failed_addresses[values["email"].lower()]
        failed_at = cast(failure["at"].astext, DateTime(timezone=True))
        values["email_failed_at"] = case((is_new, failed_at), else_=office_holder.c.email_failed_at)
        cause = func.coalesce(failure["cause"].astext, office_holder.c.email_failure)
        values["email_failure"] = case((is_new, cause), else_=office_holder.c.email_failure)
    connection.execute(update(office_holder).where(office_holder.c.id == holder_id).values(**values))


def end_holder(connection: Connection, holder_id: int, on: date) -> None:
    """The seat is vacant from this day on, until somebody else is opened."""
    ended = func.greatest(on, office_holder.c.valid_from)
    connection.execute(update(office_holder).where(office_holder.c.id == holder_id).values(valid_to=ended))


def unsettle(connection: Connection, office_id: int) -> None:
    """Letters that wait for this office have to follow what was changed about it; see `office_letters.py`."""
    until = func.now() + _SETTLED_WITHIN
    connection.execute(update(office).where(office.c.id == office_id).values(settle_until=until))


def start_run(connection: Connection, kind: str, jurisdiction: str, source: str, who: str = "") -> int:
    """Notes that an import began."""
    row = {"kind": kind, "jurisdiction": jurisdiction, "source": source, "who": who}
    return int(connection.execute(insert(import_run).values(**row).returning(import_run.c.id)).scalar_one())


def finish_run(connection: Connection, run_id: int, report: dict[str, Any]) -> None:
    """Notes the outcome; committed with the data, so that an unfinished import leaves nothing."""
    # Not now(): that is when the transaction began, and two imports of one moment must differ.
    values = {"finished_at": func.clock_timestamp(), "report": report}
    connection.execute(update(import_run).where(import_run.c.id == run_id).values(**values))


def shaped_districts(connection: Connection, jurisdiction: str) -> set[tuple[Chamber, str]]:
    """Chamber and id of the districts in force, without their shapes."""
    query = select(district.c.chamber, district.c.ocd_id).where(
        district.c.jurisdiction == jurisdiction, district.c.valid_to.is_(None)
    )
    return {(Chamber(chamber), ocd_id) for chamber, ocd_id in connection.execute(query)}
