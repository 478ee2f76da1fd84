"""Brings the seats of one district after the other to what a roster says."""

from datetime import date
from typing import Any

from sqlalchemy import Connection

from shared.db import directory
from shared.domain.chambers import chamber_facts
from shared.domain.districts import district_key, division_id
from shared.domain.office_changes import ImportChangeKind
from shared.domain.places import Chamber
from shared.domain.us_states import UsState
from shared.services.imports.offices import Place
from shared.services.imports.our_word import OurWord
from shared.services.imports.people import DETAILS, Person
from shared.services.imports.reports import ImportReport

# The head of the District's council is elected by all of it, like its members at large.
CHAIRMAN = "Chairman (At-Large)"
_CHAIRMAN_TITLE = "Chairman"
# Details that organizers read about; the parts of a name change with it.
_TOLD = ("name", "party", "email", "phone", "postal_address")


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
        self._ours = OurWord(connection, state.code.lower(), report)
        # Seats that had a holder and have none now.
        self.emptied = 0

    def settle(self, place: Place, ocd_id: str, seats: list[directory.OfficeRow], people: list[Person]) -> None:
        """Whoever sits stays, who is gone is ended, who is new takes a free seat like theirs or a new one.

        What organizers said of a seat stands.
        """
        coming = {person.person_id: person for person in people}
        still = self._ours.take_gone(seats, coming)
        sitting = {seat.person_id for seat in seats if seat.holder_id is not None}
        free: list[directory.OfficeRow] = []
        kept: list[directory.OfficeRow] = []
        for seat in seats:
            person = coming.get(seat.person_id) if seat.holder_id is not None else None
            if person is None and self._ours.has_seated(seat):
                # Not somebody of the same name in the seat beside it.
                person = self._ours.find_same(seat, (one for one in people if one.person_id in coming.keys() - sitting))
                if person is None:
                    kept.append(seat)
                    continue
            if person is not None and _are_alike(place, seat.district, person.district):
                self._ours.confirm(seat, person)
                self._stay(seat, coming.pop(person.person_id))
            else:
                free.append(seat)
        for seat in kept:
            other = next((one for one in coming.values() if _are_alike(place, seat.district, one.district)), None)
            self._ours.keep_seat(seat, coming.pop(other.person_id) if other else still.pop(seat.id, None))
        self._fill(place, ocd_id, seats, free, list(coming.values()), still)

    def _fill(
        self,
        place: Place,
        ocd_id: str,
        seats: list[directory.OfficeRow],
        free: list[directory.OfficeRow],
        coming: list[Person],
        still: dict[int, Person],
    ) -> None:
        """Seats whose holder the file does not name, and people who hold none yet."""
        was = {seat.id: seat for seat in free}
        for seat in free:
            if seat.holder_id is not None:
                directory.end_holder(self._connection, seat.holder_id, self._today)
                self._report.gone += 1
        number = max((seat.seat for seat in seats), default=0)
        for person in coming:
            office_id = self._take_seat(place, free, person)
            if office_id is None:
                number += 1
                office_id = self._add_seat(place.chamber, ocd_id, person.district, number)
            values = {"person_id": person.person_id, **person.details}
            directory.open_holder(self._connection, office_id, self._today, self._report.run_id, **values)
            directory.unsettle(self._connection, office_id)
            self._report.new += 1
            self._tell_seated(office_id, person, was.get(office_id))
        for seat in free:
            self._leave_empty(seat, still.get(seat.id))

    def _tell_seated(self, office_id: int, person: Person, seat: directory.OfficeRow | None) -> None:
        old = seat.name if seat else ""
        kind = ImportChangeKind.CHANGED if old else ImportChangeKind.NEW
        new = person.details["name"]
        self._report.tell(kind, person.chamber, person.district, office_id=office_id, what="holder", old=old, new=new)
        if seat is not None:
            self._ours.agree(seat)

    def _leave_empty(self, seat: directory.OfficeRow, still: Person | None) -> None:
        if still is not None:
            self._ours.keep_seat(seat, still)
        else:
            self._ours.agree(seat)
        if seat.holder_id is not None:
            directory.unsettle(self._connection, seat.id)
            self.emptied += 1
            self._report.tell(
                ImportChangeKind.GONE, seat.chamber, seat.district, office_id=seat.id, what="holder", old=seat.name
            )

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
        corrected = self._ours.corrected(seat)
        # The parts of a name belong to it.
        kept = corrected | ({"given_name", "family_name"} if "name" in corrected else frozenset())
        changed = {
            name: person.details[name]
            for name in DETAILS
            if name not in kept and person.details[name] != getattr(seat, name)
        }
        if changed and seat.holder_id is not None:
            directory.change_holder(self._connection, seat.holder_id, **changed)
            self._report.changed += 1
            if "email" in changed or "name" in changed:
                directory.unsettle(self._connection, seat.id)
        else:
            self._report.unchanged += 1
        for name in _TOLD:
            if name in changed:
                self._tell_changed(seat, name, changed[name])
        if corrected:
            self._ours.keep_details(seat, person)
        else:
            self._ours.agree(seat)

    def _tell_changed(self, seat: directory.OfficeRow, what: str, new: str) -> None:
        old = getattr(seat, what)
        self._report.tell(
            ImportChangeKind.CHANGED, seat.chamber, seat.district, office_id=seat.id, what=what, old=old, new=new
        )

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
