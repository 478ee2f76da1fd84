"""Brings the seats of one district after the other to what a roster says."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from shared.db import directory
from shared.domain.chambers import chamber_facts
from shared.domain.districts import district_key, division_id
from shared.domain.places import Chamber
from shared.domain.us_states import UsState
from shared.services.imports.offices import Place
from shared.services.imports.reports import ImportReport

# The head of the District's council is elected by all of it, like its members at large.
CHAIRMAN = "Chairman (At-Large)"
_CHAIRMAN_TITLE = "Chairman"
_DETAILS = ("name", "given_name", "family_name", "party", "email", "phone", "postal_address")


@dataclass(frozen=True)
class Person:
    """One line of the roster."""

    chamber: Chamber
    district: str
    person_id: str
    details: dict[str, str]


def _seat_key(district: str) -> str:
    key = district_key(district)
    return district.casefold() if key == "at large" else key


def _are_alike(place: Place, one: str, other: str) -> bool:
    """True when both may name the same seat of a place; its own name stands for any of its seats."""
    keys = {_seat_key(one), _seat_key(other)}
    return len(keys) == 1 or place.key in keys


class Seating:
    """Brings the seats of one district to what the roster says."""

    def __init__(self, connection: Connection, state: UsState, report: ImportReport, today: date) -> None:
        self._connection, self._state, self._report, self._today = connection, state, report, today

    def settle(self, place: Place, ocd_id: str, seats: list[directory.OfficeRow], people: list[Person]) -> None:
        """Whoever sits stays, who is gone is ended, who is new takes a free seat like theirs or a new one."""
        coming = {person.person_id: person for person in people}
        free: list[directory.OfficeRow] = []
        for seat in seats:
            person = coming.get(seat.person_id) if seat.holder_id is not None else None
            if person is not None and _are_alike(place, seat.district, person.district):
                self._stay(seat, coming.pop(person.person_id))
                continue
            if seat.holder_id is not None:
                directory.end_holder(self._connection, seat.holder_id, self._today)
                self._report.gone += 1
            free.append(seat)
        number = max((seat.seat for seat in seats), default=0)
        for person in coming.values():
            office_id = self._take_seat(place, free, person)
            if office_id is None:
                number += 1
                office_id = self._add_seat(place.chamber, ocd_id, person.district, number)
            values = {"person_id": person.person_id, **person.details}
            directory.open_holder(self._connection, office_id, self._today, self._report.run_id, **values)
            self._report.new += 1

    def _take_seat(self, place: Place, free: list[directory.OfficeRow], person: Person) -> int | None:
        """A free seat, of the person's own name if there is one."""
        alike = [seat for seat in free if _are_alike(place, seat.district, person.district)]
        if not alike:
            return None
        seat = next((seat for seat in alike if _seat_key(seat.district) == _seat_key(person.district)), alike[0])
        free.remove(seat)
        if _seat_key(seat.district) == place.key != _seat_key(person.district):
            directory.change_office(self._connection, seat.id, district=person.district)
        return seat.id

    def _stay(self, seat: directory.OfficeRow, person: Person) -> None:
        changed = {name: person.details[name] for name in _DETAILS if person.details[name] != getattr(seat, name)}
        if changed and seat.holder_id is not None:
            directory.change_holder(self._connection, seat.holder_id, **changed)
            self._report.changed += 1
        else:
            self._report.unchanged += 1

    def _add_seat(self, chamber: Chamber, ocd_id: str, district: str, number: int) -> int:
        values: dict[str, Any] = {
            "jurisdiction": self._state.code.lower(),
            "chamber": chamber,
            "district": district,
            "ocd_id": ocd_id or division_id(self._state, chamber, district),
            "seat": number,
            "title": _CHAIRMAN_TITLE if district == CHAIRMAN else chamber_facts(self._state.code, chamber).title,
        }
        return directory.add_office(self._connection, **values)
