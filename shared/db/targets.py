"""The offices that submissions write to: found by a lookup, chosen by the supporter, each with its holder today."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import Connection, and_, bindparam, case, delete, func, select, text, update

from shared.db.driver import Row, ask, spell
from shared.db.office_addresses import IS_FAILING, WORKING_ADDRESS
from shared.db.tables import office, office_holder, submission_target
from shared.domain.places import Chamber, LookupResult, Office

_seat, _member = office.alias("seat"), office_holder.alias("member")
_ROSTER_KNOWN = (
    select(_seat.c.id)
    .join(_member, _member.c.office_id == _seat.c.id)
    .where(_seat.c.jurisdiction == office.c.jurisdiction, _seat.c.chamber == office.c.chamber)
    .exists()
)
_HOLDS_NOW = and_(office_holder.c.office_id == office.c.id, office_holder.c.valid_to.is_(None))
_IN_ORDER = (func.array_position(["lower", "upper", "congress"], office.c.chamber), office.c.id)
_SEAT_TODAY = (
    office,
    office_holder.c.id.label("holder_id"),
    office_holder.c.name.label("holder"),
    WORKING_ADDRESS.label("email"),
    IS_FAILING.label("is_failing"),
    office_holder.c.phone,
    office_holder.c.party,
    # Only a seat without a holder needs the question.
    case((office_holder.c.id.is_not(None), True), else_=_ROSTER_KNOWN).label("is_roster_known"),
)
_TARGETS = (
    select(
        *_SEAT_TODAY,
        submission_target.c.submission_id,
        submission_target.c.is_candidate,
        submission_target.c.is_chosen,
    )
    .join(submission_target, submission_target.c.office_id == office.c.id)
    .outerjoin(office_holder, _HOLDS_NOW)
    .order_by(*_IN_ORDER)
)
_OFFICES = select(*_SEAT_TODAY).select_from(office).outerjoin(office_holder, _HOLDS_NOW).order_by(*_IN_ORDER)
_OF_ONE = spell(_TARGETS.where(submission_target.c.submission_id == bindparam("wanted")))
_FORGET = text("DELETE FROM submission_target WHERE submission_id = ANY(:ids)")
_ADD = text(
    "INSERT INTO submission_target (submission_id, office_id, is_candidate, is_chosen)"
    " SELECT id, office, asked, NOT asked FROM unnest(CAST(:ids AS bigint[]), CAST(:offices AS bigint[]),"
    " CAST(:asked AS bool[])) AS new(id, office, asked)"
)


def replace_targets(connection: Connection, results: Mapping[int, LookupResult]) -> None:
    """The offices as a lookup found them, by submission: matched ones are chosen, candidates wait for an answer."""
    targets = [(number, found, result) for number, result in results.items() for found in result.offices]
    added = {
        "ids": [number for number, _, _ in targets],
        "offices": [found.office_id for _, found, _ in targets],
        "asked": [result.asks_about(found) for _, found, result in targets],
    }
    connection.execute(_FORGET, {"ids": list(results)})
    connection.execute(_ADD, added)


def read_targets(connection: Connection, submission_id: int) -> list[tuple[Office, bool, bool]]:
    """(office with its holder today, is_candidate, is_chosen), House before Senate before Congress."""
    rows = ask(connection, _OF_ONE, {"wanted": submission_id})
    return [(_office(row), row["is_candidate"], row["is_chosen"]) for row in rows]


def chosen_targets(connection: Connection, submission_ids: Sequence[int]) -> dict[int, list[Office]]:
    """The offices to write to, by submission, each with its holder today."""
    query = _TARGETS.where(submission_target.c.submission_id.in_(submission_ids), submission_target.c.is_chosen)
    offices: dict[int, list[Office]] = {}
    for row in connection.execute(query).mappings():
        offices.setdefault(row["submission_id"], []).append(_office(row))
    return offices


def offices_today(connection: Connection, office_ids: Sequence[int]) -> dict[int, Office]:
    """Offices by id, each with its holder today and the address that works."""
    rows = connection.execute(_OFFICES.where(office.c.id.in_(office_ids))).mappings()
    return {row["id"]: _office(row) for row in rows}


def office_of(connection: Connection, office_id: int, holder_id: int | None) -> Office:
    """The office as it was, or will be, with this holder; None for nobody."""
    query = select(*_SEAT_TODAY).select_from(office).outerjoin(office_holder, office_holder.c.id == holder_id)
    return _office(connection.execute(query.where(office.c.id == office_id)).mappings().one())


def choose_targets(connection: Connection, submission_id: int, chosen: AbstractSet[int]) -> None:
    """Marks exactly these offices as the ones to write to."""
    connection.execute(
        update(submission_target)
        .where(submission_target.c.submission_id == submission_id)
        .values(is_chosen=submission_target.c.office_id.in_(chosen))
    )


def answer_candidates(connection: Connection, submission_id: int, chosen: AbstractSet[int]) -> None:
    """Keeps the chosen candidates and drops the others; the doubt is over."""
    mine = submission_target.c.submission_id == submission_id
    connection.execute(
        delete(submission_target).where(
            mine, submission_target.c.is_candidate, submission_target.c.office_id.not_in(chosen)
        )
    )
    connection.execute(update(submission_target).where(mine).values(is_candidate=False, is_chosen=True))


def _office(row: Row) -> Office:
    return Office(
        office_id=row["id"],
        chamber=Chamber(row["chamber"]),
        district=row["district"],
        ocd_id=row["ocd_id"],
        title=row["title"],
        holder_id=row["holder_id"],
        holder=row["holder"] or "",
        email=row["email"] or "",
        phone=row["phone"] or "",
        party=row["party"] or "",
        is_practice=row["is_practice"],
        is_roster_known=row["is_roster_known"],
        is_failing=bool(row["is_failing"]),
    )
