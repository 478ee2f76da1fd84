"""Letters by district: the map's shades, the legislators with most letters, the districts without one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from shared.db import directory
from shared.db.directory import OfficeRow
from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.chambers import UNICAMERAL, chamber_facts
from shared.domain.places import Chamber
from shared.domain.shades import Shade, make_shades, shade_of
from shared.domain.states import LetterState
from shared.domain.tallies import OUT
from shared.domain.us_states import state_of
from shared.rendering.state_map import StateMap
from shared.rendering.state_svg import Place
from shared.services.pictures.counted import Counted
from shared.services.pictures.drawings import DrawnMap, state_map

_SHOWN = 7
_Counts = Mapping[int, Mapping[LetterState, int]]


@dataclass(frozen=True)
class DistrictLine:
    """One seat with its letters, those that were cancelled left out; `sent` of them were taken and did not come back.

    `holder` is empty when the seat `is_vacant`, or when nobody's name is known for the whole chamber.
    """

    office_id: int
    chamber: Chamber
    ocd_id: str
    district: str
    title: str
    holder: str
    is_vacant: bool
    is_practice: bool
    letters: int
    sent: int

    @property
    def share(self) -> int:
        """Sent in percent, rounded down: 100 is said when all are."""
        return 100 * self.sent // self.letters if self.letters else 0


@dataclass(frozen=True)
class ChamberChoice:
    """A chamber of the campaign in the switch."""

    chamber: Chamber
    name: str


@dataclass(frozen=True)
class Chart:
    """One chamber's map with what stands beside it. `map` is None while no shapes are there.

    `silent` counts districts without a letter, chamber by chamber.
    """

    chamber: Chamber
    name: str
    choices: tuple[ChamberChoice, ...]
    districts: int
    map: DrawnMap | None
    places: tuple[Place, ...]
    shades: tuple[Shade, ...]
    top: tuple[DistrictLine, ...]
    silent: Mapping[str, int]
    is_practice: bool

    @property
    def silent_names(self) -> list[str]:
        """The chambers that have such districts."""
        return [name for name, count in self.silent.items() if count]


def read_chart(engine: Engine, counted: Counted, chamber: Chamber | None) -> Chart:
    """The map of the chamber that is asked for, else of the campaign's first one."""
    choices = chamber_choices(counted.stored)
    chosen = next((one for one in choices if one.chamber is chamber), choices[0])
    with at_once(engine) as connection:
        lines = _lines(connection, counted)
        drawn = state_map(engine, connection, counted.stored.campaign.jurisdiction, chosen.chamber)
    here = _by_district(line for line in lines if line.chamber is chosen.chamber)
    shades = make_shades(sum(line.letters for line in seats) for seats in here.values())
    shown = {one.chamber for one in choices}
    most = sorted((line for line in lines if line.letters and line.chamber in shown), key=_most_first)
    return Chart(
        chamber=chosen.chamber,
        name=chosen.name,
        choices=choices,
        districts=len(here),
        map=drawn,
        places=_places(drawn.shape, here, shades) if drawn else (),
        shades=tuple(shades),
        top=tuple(most[:_SHOWN]),
        silent={
            one.name: len(silent_districts(line for line in lines if line.chamber is one.chamber)) for one in choices
        },
        is_practice=any(line.is_practice for seats in here.values() for line in seats),
    )


def chamber_choices(stored: StoredCampaign) -> tuple[ChamberChoice, ...]:
    """The campaign's chambers, the larger one first, as its state calls them."""
    code = state_of(stored.campaign.jurisdiction).code
    barred = {Chamber.LOWER} if code in UNICAMERAL else frozenset()
    own = [chamber for chamber in Chamber if chamber in stored.campaign.chambers]
    wanted = [chamber for chamber in own if chamber not in barred] or own
    names = {chamber: chamber_facts(code, chamber).name for chamber in wanted}
    names[Chamber.CONGRESS] = "U.S. House"
    return tuple(ChamberChoice(chamber, names[chamber]) for chamber in wanted)


def read_districts(engine: Engine, counted: Counted, chamber: Chamber) -> list[DistrictLine]:
    """Every seat of the chamber, most letters first."""
    with at_once(engine) as connection:
        return sorted((line for line in _lines(connection, counted) if line.chamber is chamber), key=_most_first)


def silent_districts(lines: Iterable[DistrictLine]) -> list[Sequence[DistrictLine]]:
    """The seats of each district that nobody has written to."""
    return [seats for seats in _by_district(lines).values() if not any(line.letters for line in seats)]


def _most_first(line: DistrictLine) -> tuple[int, str, int]:
    return -line.letters, line.district, line.office_id


def _lines(connection: Connection, counted: Counted) -> list[DistrictLine]:
    """Real seats that are in force or were written to; practice ones where there are no real ones, or were letters."""
    jurisdiction, counts = counted.stored.campaign.jurisdiction, counted.tally.offices
    shaped = directory.shaped_districts(connection, jurisdiction)
    rows = directory.current_offices(connection, jurisdiction)
    rosters = {row.chamber for row in rows if row.holder_id is not None}
    drawn = {chamber for chamber, _ in shaped}
    lines = [
        _line(row, counts, is_known=row.chamber in rosters)
        for row in rows
        if row.chamber not in drawn or row.id in counts or row.holder_id or (row.chamber, row.ocd_id) in shaped
    ]
    if lines and counts.keys() <= {line.office_id for line in lines}:
        return lines
    practice = directory.current_offices(connection, jurisdiction, is_practice=True)
    practised = (_line(row, counts, is_known=True) for row in practice)
    return [*lines, *(line for line in practised if line.letters or not lines)]


def _line(row: OfficeRow, counts: _Counts, *, is_known: bool) -> DistrictLine:
    by_state = counts.get(row.id, {})
    return DistrictLine(
        office_id=row.id,
        chamber=row.chamber,
        ocd_id=row.ocd_id,
        district=row.district,
        title=row.title,
        holder=row.name,
        is_vacant=row.holder_id is None and is_known,
        is_practice=row.is_practice,
        letters=sum(letters for state, letters in by_state.items() if state is not LetterState.CANCELLED),
        sent=sum(by_state.get(state, 0) for state in OUT),
    )


def _by_district(lines: Iterable[DistrictLine]) -> dict[str, list[DistrictLine]]:
    found: dict[str, list[DistrictLine]] = {}
    for line in lines:
        found.setdefault(line.ocd_id, []).append(line)
    return found


def _places(
    shape: StateMap, by_district: Mapping[str, Sequence[DistrictLine]], shades: Sequence[Shade]
) -> tuple[Place, ...]:
    places = []
    for number, outline in enumerate(shape.outlines):
        seats = by_district.get(outline.id, ())
        letters = sum(line.letters for line in seats)
        office_id = seats[0].office_id if len(seats) == 1 else None
        place = Place(number, bool(outline.enlarged), shade_of(shades, letters), _words(seats, letters), office_id)
        places.append(place)
    return tuple(places)


def _words(seats: Sequence[DistrictLine], letters: int) -> str:
    if not seats:
        return "A district without a seat"
    names = ", ".join(line.holder or ("vacant" if line.is_vacant else "") for line in seats).strip(", ")
    count = "no letters" if not letters else f"{letters:,} {'letter' if letters == 1 else 'letters'}"
    return f"{seats[0].district}{f', {names}' if names else ''}: {count}"
