"""Reads offices as organizers' pages show them. A state has a few hundred seats: its list is read whole."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, func, select, text

from shared.db.office_addresses import IS_FAILING, WORKING_ADDRESS
from shared.db.tables import campaign, letter, office, office_change, office_holder
from shared.domain.office_changes import ChangeState
from shared.domain.states import LetterState

_NOW = and_(office_holder.c.office_id == office.c.id, office_holder.c.valid_to.is_(None))
_PLANNED = (
    select(1)
    .where(office_change.c.office_id == office.c.id, office_change.c.state == ChangeState.PLANNED.value)
    .exists()
)
# One point in each street: enough to meet every district of a town.
_POINTS = text(
    "SELECT lat, lon FROM street, LATERAL (SELECT lat, lon FROM address_point WHERE street_id = street.id LIMIT 1) AS p"
    " WHERE jurisdiction = :jurisdiction AND city_key = :city LIMIT :limit"
)
_LINES = text(
    "SELECT line FROM street, LATERAL (SELECT line FROM street_range WHERE street_id = street.id LIMIT 1) AS r"
    " WHERE jurisdiction = :jurisdiction AND city_key = :city LIMIT :limit"
)


def list_offices(connection: Connection, jurisdiction: str) -> Sequence[RowMapping]:
    """Every real seat of a state with who holds it now."""
    query = _with_holder().where(office.c.jurisdiction == jurisdiction, office.c.is_practice.is_(False))
    return connection.execute(query).mappings().all()


def read_office(connection: Connection, office_id: int) -> RowMapping | None:
    """One seat in the same form, also a practice one."""
    query = _with_holder().where(office.c.id == office_id)
    return connection.execute(query).mappings().one_or_none()


def seats_of_district(connection: Connection, ocd_id: str) -> Sequence[RowMapping]:
    """All seats of a district that elects several members, in the same form."""
    query = _with_holder().where(office.c.ocd_id == ocd_id, office.c.is_practice.is_(False))
    return connection.execute(query.order_by(office.c.seat)).mappings().all()


def last_bounce(connection: Connection, office_id: int) -> RowMapping | None:
    """The last letter to the office that came back."""
    query = select(letter.c.recipient_email, letter.c.cause, letter.c.state_changed_at).where(
        letter.c.campaign_id.in_(select(campaign.c.id)),
        letter.c.state == LetterState.BOUNCED.value,
        letter.c.office_id == office_id,
    )
    return connection.execute(query.order_by(letter.c.state_changed_at.desc()).limit(1)).mappings().one_or_none()


def streets_of_town(connection: Connection, jurisdiction: str, city: str, limit: int) -> list[tuple[float, float]]:
    """Latitude and longitude of a point in each street of a town."""
    values = {"jurisdiction": jurisdiction, "city": city, "limit": limit}
    return [(row[0], row[1]) for row in connection.execute(_POINTS, values)]


def lines_of_town(connection: Connection, jurisdiction: str, city: str, limit: int) -> list[bytes]:
    """A stretch of each street of a town, as WKB, where only ranges of house numbers are known."""
    values = {"jurisdiction": jurisdiction, "city": city, "limit": limit}
    return [bytes(row[0]) for row in connection.execute(_LINES, values)]


def _with_holder() -> Select[Any]:
    holder = office_holder.c
    return (
        select(
            office,
            holder.id.label("holder_id"),
            *(holder.name, holder.party, holder.email, holder.second_email, holder.person_id, holder.phone),
            *(holder.postal_address, holder.valid_from, holder.corrected, holder.is_ours, holder.email_failed_at),
            *(holder.second_failed_at, holder.email_failure),
            WORKING_ADDRESS.label("goes_to"),
            func.coalesce(IS_FAILING, False).label("is_failing"),
            _PLANNED.label("is_planned"),
        )
        .select_from(office)
        .outerjoin(office_holder, _NOW)
    )
