"""The practice legislature: offices that nobody holds in truth, for a machine without real data."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from shared.clock import now
from shared.db import directory as store
from shared.domain.days import local_day
from shared.domain.places import Chamber, Office
from shared.domain.us_states import UsState
from shared.services.lookup.directory import as_office


@dataclass(frozen=True)
class _PracticeSeat:
    title: str
    district: str
    holder: str
    email: str
    division: str


_SEATS = {
    Chamber.LOWER: _PracticeSeat(
        "Practice Representative", "1st Practice District", "Pat Practice", "representative@practice.example", "sldl"
    ),
    Chamber.UPPER: _PracticeSeat(
        "Practice Senator", "First Practice District", "Robin Practice", "senator@practice.example", "sldu"
    ),
    Chamber.CONGRESS: _PracticeSeat(
        "Practice Member of Congress", "Practice District", "Sam Practice", "congress@practice.example", "cd"
    ),
}


def practice_offices(engine: Engine, state: UsState, chambers: Iterable[Chamber]) -> tuple[Office, ...]:
    """One practice office for each chamber, made at the first question."""
    wanted = list(chambers)
    jurisdiction = state.code.lower()
    with engine.begin() as connection:
        rows = {row.chamber: row for row in store.current_offices(connection, jurisdiction, is_practice=True)}
        if not rows.keys() >= set(wanted):
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('dearrep practice offices'))"))
            rows = {row.chamber: row for row in store.current_offices(connection, jurisdiction, is_practice=True)}
            for chamber in wanted:
                if chamber not in rows:
                    _add_seat(connection, jurisdiction, chamber)
            rows = {row.chamber: row for row in store.current_offices(connection, jurisdiction, is_practice=True)}
    return tuple(as_office(rows[chamber]) for chamber in wanted)


def _add_seat(connection: Connection, jurisdiction: str, chamber: Chamber) -> None:
    seat = _SEATS[chamber]
    office_id = store.add_office(
        connection,
        jurisdiction=jurisdiction,
        chamber=chamber,
        district=seat.district,
        ocd_id=f"ocd-division/country:us/state:{jurisdiction}/{seat.division}:practice",
        seat=1,
        title=seat.title,
        is_practice=True,
    )
    given, family = seat.holder.split()
    details = {"name": seat.holder, "given_name": given, "family_name": family, "email": seat.email}
    store.open_holder(connection, office_id, local_day(jurisdiction, now()), None, **details)
