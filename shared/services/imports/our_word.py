"""What organizers say about a state's seats, which an import leaves as it is: corrected details, seatings, vacancies.

An import that says the same settles the matter: from then on the roster is followed again. One that says something else
changes nothing, is kept beside our word for the page of the office, and is named in its report.
"""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping

from shared.db import directory, office_changes
from shared.domain.office_changes import ImportChangeKind
from shared.domain.office_words import CHAMBER_NAMES
from shared.domain.person_names import is_same_person
from shared.services.imports.people import Person
from shared.services.imports.reports import ImportReport

_NOBODY = "nobody"


class OurWord:
    """Read once for an import, asked for each seat."""

    def __init__(self, connection: Connection, jurisdiction: str, report: ImportReport) -> None:
        self._connection, self._report = connection, report
        self._now: dict[int, RowMapping] = {}
        # By seat: who holds it no more, as an organizer says.
        self._gone: dict[int, list[str]] = defaultdict(list)
        for row in office_changes.organizers_word(connection, jurisdiction):
            if row["valid_to"] is None:
                self._now[row["office_id"]] = row
            elif row["is_ours"] and row["person_id"]:
                self._gone[row["office_id"]].append(row["person_id"])

    def corrected(self, seat: directory.OfficeRow) -> frozenset[str]:
        """The details of its holder that an organizer typed."""
        row = self._now.get(seat.id)
        return frozenset(row["corrected"]) if row else frozenset()

    def has_seated(self, seat: directory.OfficeRow) -> bool:
        """True when its holder holds it by an organizer's word alone."""
        row = self._now.get(seat.id)
        return row is not None and bool(row["is_ours"])

    def take_gone(self, seats: list[directory.OfficeRow], coming: dict[str, Person]) -> dict[int, Person]:
        """Takes out of `coming` who does not hold a seat any more, as we say; by the seat that the file still gives."""
        still: dict[int, Person] = {}
        sitting = {seat.person_id for seat in seats if seat.holder_id is not None}
        for seat in seats:
            for person_id in self._gone[seat.id]:
                person = coming.pop(person_id, None) if person_id not in sitting else None
                if person is not None:
                    still[seat.id] = person
                elif person_id not in coming:
                    office_changes.forgive_ended(self._connection, seat.id, person_id)
        return still

    def find_same(self, seat: directory.OfficeRow, coming: Iterable[Person]) -> Person | None:
        """Whom the file calls by the name of whom an organizer has seated."""
        return next((one for one in coming if is_same_person(one.details["name"], seat.name)), None)

    def confirm(self, seat: directory.OfficeRow, person: Person) -> None:
        """The file names whom an organizer had seated: from now on they are known by its number."""
        if seat.holder_id is not None and self.has_seated(seat):
            office_changes.change_holder(self._connection, seat.holder_id, is_ours=False, person_id=person.person_id)

    def keep_details(self, seat: directory.OfficeRow, person: Person) -> None:
        """Notes which details differ; what the file says too needs no correction any more."""
        corrected = self.corrected(seat)
        if seat.holder_id is None or not corrected:
            return
        differing = sorted(name for name in corrected if person.details[name].lower() != getattr(seat, name).lower())
        office_changes.change_holder(self._connection, seat.holder_id, corrected=differing)
        self._write(seat, person if differing else None)
        for name in differing:
            self._kept(seat, name, person.details[name], getattr(seat, name))

    def keep_seat(self, seat: directory.OfficeRow, person: Person | None) -> None:
        """Somebody else sits there than the file says, or nobody does; None when the file names nobody."""
        self._write(seat, person)
        theirs = person.details["name"] if person else _NOBODY
        self._kept(seat, "holder", theirs, seat.name or _NOBODY)

    def agree(self, seat: directory.OfficeRow) -> None:
        """The file and we say the same of the seat."""
        if seat.roster is not None:
            self._write(seat, None)

    def _write(self, seat: directory.OfficeRow, person: Person | None) -> None:
        said = {"person_id": person.person_id, **person.details} if person else None
        directory.change_office(self._connection, seat.id, roster=said)

    def _kept(self, seat: directory.OfficeRow, what: str, theirs: str, ours: str) -> None:
        self._report.tell(
            ImportChangeKind.KEPT, seat.chamber, seat.district, office_id=seat.id, what=what, old=theirs, new=ours
        )
        seat_words = f"{CHAMBER_NAMES[seat.chamber]} {seat.district}"
        self._report.note(f"kept our correction of {seat_words}, {what}: the file says {theirs or 'none'}")
