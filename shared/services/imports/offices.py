"""Keeps offices and districts in step: one id for both, and a vacant seat where a district has no office yet."""

from sqlalchemy import Connection

from shared.db import directory
from shared.domain.chambers import chamber_facts
from shared.domain.districts import district_key
from shared.domain.us_states import UsState


def fill_vacant_districts(connection: Connection, state: UsState) -> None:
    """Gives every district in force its offices; joined on chamber and name, since id schemes differ between files."""
    jurisdiction = state.code.lower()
    offices: dict[tuple[str, str], list[directory.OfficeRow]] = {}
    for seat in directory.current_offices(connection, jurisdiction):
        offices.setdefault((seat.chamber, district_key(seat.district)), []).append(seat)
    for row in directory.current_districts(connection, jurisdiction):
        seats = offices.get((row.chamber, district_key(row.name)), [])
        for seat in seats:
            if seat.ocd_id != row.ocd_id:
                directory.change_office(connection, seat.id, ocd_id=row.ocd_id)
        if seats and seats[0].district != row.name:
            directory.rename_district(connection, row.id, seats[0].district)
        facts = chamber_facts(state.code, row.chamber, row.name)
        for number in range(len(seats) + 1, facts.seats + 1):
            directory.add_office(
                connection,
                jurisdiction=jurisdiction,
                chamber=row.chamber,
                district=seats[0].district if seats else row.name,
                ocd_id=row.ocd_id,
                seat=number,
                title=facts.title,
            )
