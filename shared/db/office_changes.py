"""Reads and writes what organizers decide about offices, and a seat as a whole, to compare it and to bring it back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from shared.db.tables import office, office_change, office_holder
from shared.domain.office_changes import OF_LETTERS, ChangeState

# A seat is as it was when these are, for every holder who held it at all.
_COMPARED = ("id", "name", "party", "email", "second_email", "valid_from", "valid_to", "corrected", "is_ours")
_KEPT = (
    *_COMPARED,
    *("person_id", "given_name", "family_name", "phone", "postal_address"),
    *("email_failed_at", "second_failed_at", "email_failure", "failed_addresses"),
)
_ADDRESSES = {"email": "email_failed_at", "second_email": "second_failed_at"}


def lock_office(connection: Connection, office_id: int) -> RowMapping | None:
    """The row, locked until COMMIT against other changes of the seat; letters to it can be written meanwhile."""
    query = select(office).where(office.c.id == office_id).with_for_update(key_share=True)
    return connection.execute(query).mappings().one_or_none()


def holders(connection: Connection, office_id: int) -> Sequence[RowMapping]:
    """Everybody who held the seat, the present holder first, then the latest; not whom an undone change had seated."""
    ever = or_(office_holder.c.valid_to.is_(None), office_holder.c.valid_to >= office_holder.c.valid_from)
    query = select(office_holder).where(office_holder.c.office_id == office_id, ever)
    newest = (office_holder.c.valid_to.desc().nulls_first(), office_holder.c.id.desc())
    return connection.execute(query.order_by(*newest)).mappings().all()


def read_seat(connection: Connection, office_id: int) -> dict[str, Any]:
    """The seat with all its holders as one JSON value."""
    query = select(*(office_holder.c[name] for name in _KEPT)).where(office_holder.c.office_id == office_id)
    rows = connection.execute(query.order_by(office_holder.c.id)).mappings()
    own = connection.execute(select(office.c.general_email, office.c.roster).where(office.c.id == office_id)).one()
    kept = [{name: _plain(row[name]) for name in _KEPT} for row in rows]
    return {"general_email": own.general_email, "roster": own.roster, "holders": kept}


def is_same_seat(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True when both name the same holders with the same details; whether an address fails does not count."""
    return _compared(one) == _compared(other)


def restore_seat(connection: Connection, office_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Brings the seat back to `before`, and keeps whatever differs from `after`: that was learned since.

    Holders whom `before` does not know never held the seat. Their rows stay, since letters may name them.
    """
    now = read_seat(connection, office_id)
    values = {"general_email": before["general_email"]}
    if "roster" in before and now["roster"] == after.get("roster"):
        values["roster"] = before["roster"]
    connection.execute(update(office).where(office.c.id == office_id).values(values))
    known = [row["id"] for row in before["holders"]]
    undone = update(office_holder).where(office_holder.c.office_id == office_id, office_holder.c.id.not_in(known))
    connection.execute(undone.values(valid_to=office_holder.c.valid_from - 1, is_ours=False))
    present, left = ({row["id"]: row for row in seat["holders"]} for seat in (now, after))
    # Who has left first: a seat has one holder at a time.
    for row in sorted(before["holders"], key=lambda row: row["valid_to"] is None):
        merged = _merged(row, left.get(row["id"], row), present[row["id"]])
        connection.execute(update(office_holder).where(office_holder.c.id == row["id"]).values(merged))


def _merged(before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The holder as before the change, with everything that was written since by other means."""
    values = {name: before[name] for name in before if name != "id" and now[name] == after.get(name, now[name])}
    failures = _failures(before)
    for address in _failures(after).keys() | _failures(now).keys():
        if _failures(after).get(address) != _failures(now).get(address):
            failures[address] = _failures(now).get(address)
    failures = {address: failure for address, failure in failures.items() if failure}
    values["failed_addresses"] = failures
    failing = {}
    for name, failed_at in _ADDRESSES.items():
        failing[failed_at] = failures.get(values.get(name, now[name]).lower(), {})
        values[failed_at] = failing[failed_at].get("at")
    causes = [failure["cause"] for failure in failing.values() if failure]
    values["email_failure"] = values.get("email_failure", now["email_failure"]) if causes else before["email_failure"]
    values["email_failure"] = values["email_failure"] or next(iter(causes), "")
    return values


def _failures(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Addresses that failed, also of a seat that was kept before replaced addresses were remembered."""
    if "failed_addresses" in holder:
        return dict(holder["failed_addresses"])
    return {
        holder[name].lower(): {"at": holder[failed_at], "cause": holder["email_failure"]}
        for name, failed_at in _ADDRESSES.items()
        if holder[failed_at]
    }


def change_holder(connection: Connection, holder_id: int, **values: Any) -> None:
    """Writes columns of a holder as they are given."""
    connection.execute(update(office_holder).where(office_holder.c.id == holder_id).values(**values))


def forgive_ended(connection: Connection, office_id: int, person_id: str) -> None:
    """This person's having left the seat is no longer only an organizer's word, or was taken back."""
    mine = (office_holder.c.office_id == office_id, office_holder.c.valid_to.is_not(None))
    connection.execute(update(office_holder).where(*mine, office_holder.c.person_id == person_id).values(is_ours=False))


def organizers_word(connection: Connection, jurisdiction: str) -> Sequence[RowMapping]:
    """Holders of a state's seats, also ended ones, whom organizers seated, sent away or corrected."""
    ours = or_(office_holder.c.is_ours, func.cardinality(office_holder.c.corrected) > 0)
    query = select(office_holder).join(office, office.c.id == office_holder.c.office_id)
    return connection.execute(query.where(office.c.jurisdiction == jurisdiction, ours)).mappings().all()


def add_change(connection: Connection, **values: Any) -> int:
    """Notes a change; gives its number."""
    return int(connection.execute(insert(office_change).values(**values).returning(office_change.c.id)).scalar_one())


def move_change(connection: Connection, change_id: int, state: ChangeState, **values: Any) -> None:
    """The change is done, or undone, from this moment on."""
    moved = {"state": state.value, "moved_at": func.clock_timestamp(), **values}
    connection.execute(update(office_change).where(office_change.c.id == change_id).values(moved))


def read_change(connection: Connection, change_id: int) -> RowMapping | None:
    """The row."""
    return connection.execute(select(office_change).where(office_change.c.id == change_id)).mappings().one_or_none()


def last_change(connection: Connection, office_id: int) -> int | None:
    """The change of the seat that letters follow: the newest one that is done and not undone."""
    done = and_(office_change.c.office_id == office_id, office_change.c.state == ChangeState.DONE.value)
    of_the_seat = office_change.c.kind.not_in([kind.value for kind in OF_LETTERS])
    query = select(office_change.c.id).where(done, of_the_seat)
    newest = query.order_by(office_change.c.moved_at.desc(), office_change.c.id.desc())
    return connection.execute(newest.limit(1)).scalar_one_or_none()


def changes_of(connection: Connection, office_id: int) -> Sequence[RowMapping]:
    """What was decided about an office, newest first."""
    query = select(office_change).where(office_change.c.office_id == office_id)
    return connection.execute(query.order_by(office_change.c.id.desc())).mappings().all()


def planned_changes(connection: Connection, until: date) -> Sequence[RowMapping]:
    """What waits for a day up to this one, in the order in which it was meant to happen, with its office's state."""
    query = (
        select(office_change, office.c.jurisdiction)
        .join(office, office.c.id == office_change.c.office_id)
        .where(office_change.c.state == ChangeState.PLANNED.value, office_change.c.on_date <= until)
        .order_by(office_change.c.on_date, office_change.c.id)
    )
    return connection.execute(query).mappings().all()


def _compared(seat: Mapping[str, Any]) -> tuple[Any, ...]:
    # Dates in ISO's form are in order as texts.
    rows = [row for row in seat["holders"] if row["valid_to"] is None or row["valid_to"] >= row["valid_from"]]
    return seat["general_email"], [[row[name] for name in _COMPARED] for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
