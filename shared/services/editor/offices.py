"""The offices that a campaign may write to, as its editor names them: by district, or by who holds the seat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, Engine

from shared.db.directory import current_offices
from shared.db.engine import at_once
from shared.domain.office_words import CHAMBER_NAMES
from shared.domain.places import Chamber, Office
from shared.domain.us_states import state_of
from shared.services.lookup import has_real_directory
from shared.services.lookup.directory import as_office
from shared.services.lookup.practice import practice_offices


@dataclass(frozen=True)
class OfficeList:
    """Every seat of the jurisdiction; `is_practice` while no real ones are known."""

    offices: tuple[Office, ...]
    is_practice: bool

    @cached_property
    def _seats(self) -> dict[str, list[Office]]:
        """The seats by OCD id: some districts have several."""
        seats: dict[str, list[Office]] = {}
        for office in self.offices:
            seats.setdefault(office.ocd_id, []).append(office)
        return seats

    @cached_property
    def _ids_by_name(self) -> tuple[dict[str, set[str]], ...]:
        """OCD ids by what names them, the surest first."""
        found: tuple[dict[str, set[str]], ...] = ({}, {}, {})
        for office in self.offices:
            chamber = f"{CHAMBER_NAMES[office.chamber]}: {office.district}"
            every = ((office.ocd_id, self.label(office.ocd_id)), (chamber,), (office.district, office.holder))
            for ids, names in zip(found, every, strict=True):
                for name in names:
                    ids.setdefault(name.casefold(), set()).add(office.ocd_id)
        return found

    @property
    def parties(self) -> tuple[str, ...]:
        """The parties of the office holders, as the directory spells them."""
        return tuple(sorted({office.party for office in self.offices if office.party}))

    def label(self, ocd_id: str) -> str:
        """`Senate: First Suffolk (Ana Lee)`; an office that is not known any more is named by its id."""
        seats = self._seats.get(ocd_id)
        if not seats:
            return ocd_id
        holders = ", ".join(office.holder for office in seats if office.holder) or "vacant"
        return f"{CHAMBER_NAMES[seats[0].chamber]}: {seats[0].district} ({holders})"

    def labels(self) -> list[str]:
        """Every district once, as `find` reads it."""
        return list(dict.fromkeys(self.label(office.ocd_id) for office in self.offices))

    def find(self, lines: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
        """The OCD ids that the lines name, and what is wrong with the others, in plain words."""
        found: dict[str, None] = {}
        problems = []
        for line in filter(None, (" ".join(line.split()) for line in lines)):
            ids = self._named(line)
            if len(ids) == 1:
                found[ids[0]] = None
            elif ids:
                problems.append(f"“{line}” could be {' or '.join(self.label(one) for one in ids)}.")
            else:
                problems.append(f"“{line}” is not an office that we know. Type a district or a legislator's name.")
        return tuple(found), problems

    def _named(self, line: str) -> list[str]:
        wanted = line.casefold()
        return next((sorted(ids[wanted]) for ids in self._ids_by_name if wanted in ids), [])


def read_offices(engine: Engine, jurisdiction: str, chambers: Sequence[Chamber] = tuple(Chamber)) -> OfficeList:
    """The seats with their holders, House before Senate; practice offices while no real ones are known."""
    with at_once(engine) as connection:
        rows = _rows(connection, jurisdiction)
        is_practice = not has_real_directory(connection, jurisdiction)
    if not rows:
        return OfficeList(practice_offices(engine, state_of(jurisdiction), chambers), is_practice=True)
    order = list(Chamber)
    found = sorted(rows, key=lambda office: order.index(office.chamber))
    return OfficeList(tuple(office for office in found if office.chamber in chambers), is_practice)


def _rows(connection: Connection, jurisdiction: str) -> list[Office]:
    return [as_office(row) for row in current_offices(connection, state_of(jurisdiction).code.lower())]
