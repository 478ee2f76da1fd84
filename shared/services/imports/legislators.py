"""Imports a roster in Open States' bulk CSV columns: who holds which seat, from the day of the import on."""

import re
from collections import defaultdict
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, Engine

from shared.clock import now
from shared.db import directory
from shared.domain.chambers import find_chamber
from shared.domain.days import local_day
from shared.domain.districts import district_key, district_name
from shared.domain.places import Chamber
from shared.domain.us_states import UsState, state_of
from shared.errors import ImportRefused
from shared.services.imports.offices import Place, fill_vacant_districts, place_of
from shared.services.imports.people import Person
from shared.services.imports.reports import ImportReport, Progress, import_run, no_progress
from shared.services.imports.seating import CHAIRMAN, Seating
from shared.services.imports.tables import Table, cell, open_table

_EMAIL = re.compile(r"^[^@\s/:]+@[^@\s/:.]+(?:\.[^@\s/:.]+)+$")
_CONGRESS_DISTRICT = re.compile(r"^(?P<state>[A-Z]{2})-(?P<number>\d+|AL|at-large)$", re.IGNORECASE)


def import_legislators(
    engine: Engine, path: Path, jurisdiction: str, *, source: str = "", who: str = "", progress: Progress = no_progress
) -> ImportReport:
    """Reads a roster of one state (or of Congress) and brings the directory to it; raises ImportRefused."""
    state = state_of(jurisdiction)
    with import_run(engine, "legislators", state.code.lower(), source or path.name, who) as (connection, report):
        people = _read_people(path, state, report, progress)
        if not people:
            raise ImportRefused(f"{path.name} names nobody in a chamber of {state.name}. Nothing was changed.")
        _apply(connection, state, people, report, local_day(state.code, now()))
    return report


def _read_people(path: Path, state: UsState, report: ImportReport, progress: Progress) -> list[Person]:
    people: dict[tuple[Chamber, str], Person] = {}
    with open_table(path, progress) as table:
        reader = _PersonReader(table, state)
        for line, row in table.rows():
            report.read += 1
            person = reader.read(row)
            if person is None:
                continue
            if isinstance(person, str):
                report.refuse(line, person)
            elif (person.chamber, person.person_id) in people:
                report.refuse(line, "the same person stands in an earlier line")
            else:
                people[person.chamber, person.person_id] = person
    return list(people.values())


class _PersonReader:
    """Knows the columns of one file."""

    def __init__(self, table: Table, state: UsState) -> None:
        self._state = state
        need = {name: table.column(name, required=True) for name in ("name", "current_district", "current_chamber")}
        more = (
            "id",
            "given_name",
            "family_name",
            "current_party",
            "email",
            "state",
            "capitol_address",
            "capitol_voice",
        )
        self._at = need | {name: table.column(name) for name in (*more, "district_address", "district_voice")}

    def read(self, row: list[str]) -> Person | str | None:
        """A person; None for one of another state; why the line can't be used."""
        get = {name: cell(row, column) for name, column in self._at.items()}
        if get["state"] and get["state"].casefold() != self._state.code.casefold():
            return None
        chamber = find_chamber(get["current_chamber"])
        congress = _CONGRESS_DISTRICT.match(get["current_district"])
        if congress:
            if congress["state"].upper() != self._state.code:
                return None
            chamber = Chamber.CONGRESS
        if chamber is None or not get["current_district"]:
            return "no chamber or district: the person holds no seat now"
        if not get["name"]:
            return "no name"
        is_chairman = self._state.code == "DC" and get["current_district"].casefold() in ("chairman", "chair")
        district = CHAIRMAN if is_chairman else district_name(get["current_district"], chamber)
        return Person(chamber, district, get["id"] or get["name"], _details(get))


def _details(get: dict[str, str]) -> dict[str, str]:
    """Open States' file may leave the capitol columns empty, and holds web forms among the email addresses."""
    return {
        "name": get["name"],
        "given_name": get["given_name"],
        "family_name": get["family_name"],
        "party": get["current_party"],
        "email": get["email"] if get["email"].isascii() and _EMAIL.match(get["email"]) else "",
        "phone": get["capitol_voice"] or get["district_voice"],
        "postal_address": get["capitol_address"] or get["district_address"],
    }


def _apply(connection: Connection, state: UsState, people: list[Person], report: ImportReport, today: date) -> None:
    jurisdiction = state.code.lower()
    mapped = {
        Place(row.chamber, district_key(row.name)): row.ocd_id
        for row in directory.current_districts(connection, jurisdiction)
    }
    wanted: dict[Place, list[Person]] = defaultdict(list)
    for person in people:
        wanted[place_of(state, person.chamber, person.district, mapped)].append(person)
    seats: dict[Place, list[directory.OfficeRow]] = defaultdict(list)
    for row in directory.current_offices(connection, jurisdiction):
        seats[place_of(state, row.chamber, row.district, mapped)].append(row)
    chambers = {person.chamber for person in people}
    report.chambers = sorted(chamber.value for chamber in chambers)
    seating = Seating(connection, state, report, today)
    for place in sorted(set(wanted) | {place for place in seats if place.chamber in chambers}):
        seating.settle(place, mapped.get(place, ""), seats[place], wanted[place])
    held = sum(row.holder_id is not None for rows in seats.values() for row in rows if row.chamber in chambers)
    report.suspect(seating.emptied, held, "seats that had a holder have none any more")
    fill_vacant_districts(connection, state, report)
