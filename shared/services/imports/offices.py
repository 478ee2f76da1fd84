"""Keeps offices and districts in step: one id for both, and a vacant seat where a district has no office yet."""

import re
from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection

from shared.db import directory
from shared.domain.chambers import chamber_facts
from shared.domain.districts import district_key
from shared.domain.places import Chamber
from shared.domain.us_states import UsState
from shared.services.imports.reports import ImportReport

_SEAT = re.compile(r"(.*\S) (?:position|pos|post|seat) \w")
_LETTERED_SEAT = re.compile(r"(\d+)[ab]")
# Elsewhere a letter names a part of the district with voters of its own.
_LETTERS_ARE_SEATS = frozenset({"ID"})


class Place(NamedTuple):
    """A district by its name's key."""

    chamber: Chamber
    key: str


def place_of(state: UsState, chamber: Chamber, district: str, mapped: Collection[Place]) -> Place:
    """The district of a seat: `16 Position 1`, and Idaho's `16A`, are seats of `16` unless the map has them apart."""
    place = Place(chamber, district_key(district))
    found = _SEAT.fullmatch(place.key)
    if found is None and state.code in _LETTERS_ARE_SEATS:
        found = _LETTERED_SEAT.fullmatch(place.key)
    whole = Place(chamber, found[1]) if found else place
    return whole if place not in mapped and whole in mapped else place


def fill_vacant_districts(connection: Connection, state: UsState, report: ImportReport) -> None:
    """Gives every district in force its offices; joined on chamber and name, since id schemes differ between files."""
    jurisdiction = state.code.lower()
    mapped = {
        Place(row.chamber, district_key(row.name)): row for row in directory.current_districts(connection, jurisdiction)
    }
    offices: dict[Place, list[directory.OfficeRow]] = defaultdict(list)
    for seat in directory.current_offices(connection, jurisdiction):
        offices[place_of(state, seat.chamber, seat.district, mapped)].append(seat)
    _make_room(connection, {row.ocd_id for row in mapped.values()}, offices, mapped)
    _move(connection, [(seat, row) for place, row in mapped.items() for seat in offices.get(place, [])])
    for place, row in mapped.items():
        _fill(connection, state, row, offices.get(place, []))
    _note_unmapped(report, mapped.keys(), offices)


def _make_room(
    connection: Connection,
    ocd_ids: Collection[str],
    offices: dict[Place, list[directory.OfficeRow]],
    mapped: Collection[Place],
) -> None:
    """Takes the id of a district in force from offices of a district that is no longer there."""
    for place, seats in offices.items():
        for seat in seats:
            if place not in mapped and seat.ocd_id in ocd_ids:
                directory.change_office(connection, seat.id, ocd_id=f"unmapped:{seat.id}")


def _move(connection: Connection, homes: list[tuple[directory.OfficeRow, directory.DistrictRow]]) -> None:
    """Gives seats their district's id, in two steps: districts may have changed ids with each other."""
    taken: dict[str, set[int]] = defaultdict(set)
    moved = []
    for seat, row in homes:
        number = seat.seat if seat.seat not in taken[row.ocd_id] else max(taken[row.ocd_id]) + 1
        taken[row.ocd_id].add(number)
        if (seat.ocd_id, seat.seat) != (row.ocd_id, number):
            moved.append((seat.id, row.ocd_id, number))
    for office_id, _, _ in moved:
        directory.change_office(connection, office_id, ocd_id=f"moving:{office_id}")
    for office_id, ocd_id, number in moved:
        directory.change_office(connection, office_id, ocd_id=ocd_id, seat=number)


def _fill(connection: Connection, state: UsState, row: directory.DistrictRow, seats: list[directory.OfficeRow]) -> None:
    same = [seat.district for seat in seats if district_key(seat.district) == district_key(row.name)]
    name = same[0] if same else row.name
    if name != row.name:
        directory.rename_district(connection, row.id, name)
    facts = chamber_facts(state.code, row.chamber, row.name)
    highest = max((seat.seat for seat in seats), default=0)
    for number in range(1, facts.seats - len(seats) + 1):
        directory.add_office(
            connection,
            jurisdiction=state.code.lower(),
            chamber=row.chamber,
            district=name,
            ocd_id=row.ocd_id,
            seat=highest + number,
            title=facts.title,
        )


def _note_unmapped(
    report: ImportReport, mapped: Collection[Place], offices: dict[Place, list[directory.OfficeRow]]
) -> None:
    """No address leads to these, as to New Hampshire's floterial districts, which the Census' files leave out."""
    chambers = {place.chamber for place in mapped}
    for place, seats in sorted(offices.items()):
        held = [seat for seat in seats if seat.holder_id is not None]
        if place.chamber in chambers and place not in mapped and place.key != "at large" and held:
            report.note(f"no shape for {place.chamber} district {held[0].district}: no address leads to it")
