"""Reads and writes the email addresses of office holders: the first, the second, and which of them fail."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, and_, case, cast, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import office, office_holder
from shared.domain.causes import Cause

# The address that letters go to: the first unless it fails, then the second unless that fails too.
WORKING_ADDRESS = case(
    (office_holder.c.email_failed_at.is_(None), office_holder.c.email),
    (office_holder.c.second_failed_at.is_(None), office_holder.c.second_email),
    else_=literal(""),
)
# Both have failed, or the first has and there is no second.
IS_FAILING = and_(office_holder.c.email_failed_at.is_not(None), WORKING_ADDRESS == "")
# Also of an address that was replaced meanwhile: undoing the correction must not forget that it fails.
_REMEMBER = text(
    """
    UPDATE office_holder
    SET failed_addresses = failed_addresses
        || jsonb_build_object(CAST(:address AS text), jsonb_build_object('at', now(), 'cause', CAST(:cause AS text)))
    WHERE id = :holder_id AND NOT failed_addresses ? CAST(:address AS text)
    """
)


def mark_failed(connection: Connection, holder_id: int, address: str, cause: Cause) -> bool:
    """This one of the holder's addresses fails from now on; False when that is known, or it is neither."""
    known, address = office_holder.c, address.lower()
    connection.execute(_REMEMBER, {"holder_id": holder_id, "address": address, "cause": cause.value})
    first = and_(func.lower(known.email) == address, known.email_failed_at.is_(None))
    second = and_(func.lower(known.second_email) == address, known.second_failed_at.is_(None))
    statement = (
        update(office_holder)
        .where(known.id == holder_id, or_(first, second))
        .values(
            email_failed_at=case((first, func.now()), else_=known.email_failed_at),
            second_failed_at=case((second, func.now()), else_=known.second_failed_at),
            email_failure=cause.value,
        )
    )
    return connection.execute(statement).rowcount > 0


def working_address(connection: Connection, holder_id: int | None) -> str:
    """Where letters to this holder go; empty when no address works."""
    query = select(WORKING_ADDRESS).where(office_holder.c.id == holder_id)
    return connection.execute(query).scalar_one_or_none() or ""


def find_office(connection: Connection, ocd_id: str, seat: int) -> int | None:
    """The office's number."""
    return connection.execute(
        select(office.c.id).where(office.c.ocd_id == ocd_id, office.c.seat == seat)
    ).scalar_one_or_none()


def working_addresses(connection: Connection, holder_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Where letters to these holders go, and their second address; each empty when it does not work."""
    second = case((office_holder.c.second_failed_at.is_(None), office_holder.c.second_email), else_=literal(""))
    query = select(office_holder.c.id, WORKING_ADDRESS, second).where(office_holder.c.id.in_(holder_ids))
    return {number: (first, other) for number, first, other in connection.execute(query)}


def forget_failures(connection: Connection) -> list[int]:
    """All addresses count as working again; the holders of those that did not."""
    known = office_holder.c
    statement = (
        update(office_holder)
        .where(
            or_(known.email_failed_at.is_not(None), known.second_failed_at.is_not(None), known.failed_addresses != {})
        )
        .values(email_failed_at=None, second_failed_at=None, email_failure="", failed_addresses={})
        .returning(known.id)
    )
    return list(connection.execute(statement).scalars())


def write_addresses(connection: Connection, holder_id: int, given: Mapping[str, str]) -> None:
    """`email` and `second_email`, those that are given: whatever was known about them before counts no more."""
    failed = {"email": "email_failed_at", "second_email": "second_failed_at"}
    values: dict[str, Any] = {**given, **{failed[name]: None for name in given}, "email_failure": ""}
    typed = cast([address.lower() for address in given.values()], ARRAY(Text))
    values["failed_addresses"] = office_holder.c.failed_addresses.op("-")(typed)
    connection.execute(update(office_holder).where(office_holder.c.id == holder_id).values(values))
