"""A simulated action day: its own campaign in a state of its own, what became of its letters, and its removal.

The campaign stays a draft, so that the one chooser of transports sends all of it to the local mailbox, whose
simulated mail servers answer. Its addresses end in `.simulation.example`, which no mail can reach.
"""

import csv
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from shared.db import simulations as rows
from shared.db.figures import count_campaign
from shared.domain.figures import CampaignFigures
from shared.domain.places import HomeAddress
from shared.domain.simulations import PLANTED, SLUG, PlantedSeat, seats
from shared.domain.states import CampaignState
from shared.domain.us_states import state_of
from shared.errors import NotAllowed, NotFound
from shared.services.campaigns import import_campaign, read_campaign
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators

_SOURCE = "simulation"
# States with few people, and none that this installation knows anything of.
_STATES = ("wy", "vt", "ak", "nd", "sd", "de", "mt", "ri", "me", "id")
_SOUTH, _NORTH, _WEST, _EAST = 42.0, 44.0, -108.0, -104.0
_COLUMNS, _ROWS = 10, 4
_HOUSES = 25
_CAMPAIGN = """+++
slug = "simulation"
title = "Simulated action day"
host = "Dear Rep simulation"
jurisdiction = "{state}"
lead = "This is a simulation. Nothing that is sent here reaches anybody."
subject = "Simulated letter to {{{{district}}}}"
+++
<!-- page -->
This campaign was made by `dearrep simulate`. Its legislators, districts and supporters are invented.
`dearrep simulate --clean` removes it.
<!-- letter -->
Dear {{{{recipient_title}}}} {{{{recipient_name}}}},

{{{{own_words}}}}

This letter is part of a simulated action day.

Sincerely,
{{{{supporter_name}}}}
{{{{location}}}}
{{{{supporter_email}}}}
"""


@dataclass(frozen=True)
class SimulatedDay:
    """A campaign to simulate with, and homes that its supporters live in."""

    campaign_id: int
    jurisdiction: str
    homes: tuple[HomeAddress, ...]


@dataclass(frozen=True)
class PlantedResult:
    """A planted problem: how many letters it caught, by state and cause, and whether it was seen at all."""

    name: str
    words: str
    offices: tuple[str, ...]
    letters: dict[str, int]
    is_seen: bool


def live_campaigns(engine: Engine) -> list[str]:
    """Real campaigns that supporters write to now."""
    with engine.connect() as connection:
        return rows.live_campaigns(connection)


def create_simulation(engine: Engine) -> SimulatedDay:
    """Makes the campaign with its state. Raises NotAllowed when there is one already, or no free state."""
    try:
        read_campaign(engine, SLUG)
    except NotFound:
        pass
    else:
        raise NotAllowed("There is a simulated action day already. Remove it first: dearrep simulate --clean")
    with engine.connect() as connection:
        used = rows.used_states(connection)
    state = next((code for code in _STATES if code not in used), None)
    if state is None:
        raise NotAllowed("This installation has data of so many states that none is free for a simulation.")
    with tempfile.TemporaryDirectory() as folder:
        _import_state(engine, Path(folder), state)
    stored = import_campaign(engine, _CAMPAIGN.format(state=state), name="simulation.md")
    return SimulatedDay(stored.id, state, tuple(_homes(state)))


def remove_simulation(engine: Engine) -> bool:
    """Removes the campaign with everything of it; False when there is none. Its state stays if more was imported."""
    try:
        stored = read_campaign(engine, SLUG)
    except NotFound:
        return False
    jurisdiction = stored.campaign.jurisdiction
    with engine.begin() as connection:
        is_own = not rows.has_other_data(connection, jurisdiction, _SOURCE)
        rows.remove(connection, stored.id, jurisdiction, with_directory=is_own)
    return True


def count_simulation(engine: Engine, day: SimulatedDay) -> CampaignFigures:
    """Counted now from rows. Raises NotAllowed when anything of it could leave the machine."""
    stored = read_campaign(engine, SLUG)
    with engine.connect() as connection:
        if stored.state is not CampaignState.DRAFT or rows.letters_outside(connection, day.campaign_id):
            raise NotAllowed("The simulation was stopped: its campaign is no longer a draft.")
        return count_campaign(connection, day.campaign_id)


def read_planted(engine: Engine, day: SimulatedDay) -> list[PlantedResult]:
    """What became of the letters to the offices of each planted problem."""
    planted: defaultdict[str, list[PlantedSeat]] = defaultdict(list)
    for seat in seats():
        planted[seat.problem].append(seat)
    with engine.connect() as connection:
        counts = rows.letters_by_office(connection, day.campaign_id)
        deferred = rows.deferred_districts(connection, day.campaign_id)
    results = []
    for name, problem in PLANTED.items():
        districts = {seat.district for seat in planted[name]}
        found: Counter[str] = Counter()
        for district, state, cause, number in counts:
            if district in districts:
                found[f"{state} {cause}".strip()] += number
        states = {key.partition(" ")[0] for key in found}
        is_seen = bool(states.intersection(problem.states[:1])) or (name == "greylist" and bool(districts & deferred))
        is_seen = is_seen or (name == "slow" and bool(found))
        results.append(PlantedResult(name, problem.words, tuple(sorted(districts)), dict(found), is_seen))
    return results


def _import_state(engine: Engine, folder: Path, state: str) -> None:
    import_districts(engine, _write_districts(folder), state, source=_SOURCE)
    import_legislators(engine, _write_people(folder / _SOURCE), state)
    import_addresses(engine, _write_points(folder / "points.csv", state), state, source=_SOURCE)


def _write_districts(folder: Path) -> Path:
    """A grid: House districts are its cells, Senate districts its columns."""
    features = []
    for n in range(_COLUMNS * _ROWS):
        column, row = n % _COLUMNS, n // _COLUMNS
        features.append(_feature(f"{n + 1} Simulation", "lower", column, row, row + 1))
    features += [_feature(f"Simulation {n + 1}", "upper", n, 0, _ROWS) for n in range(_COLUMNS)]
    path = folder / "districts.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def _feature(name: str, chamber: str, column: int, bottom: int, top: int) -> dict[str, object]:
    width, height = (_EAST - _WEST) / _COLUMNS, (_NORTH - _SOUTH) / _ROWS
    west, east = _WEST + column * width, _WEST + (column + 1) * width
    south, north = _SOUTH + bottom * height, _SOUTH + top * height
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"name": name, "chamber": chamber}, "geometry": geometry}


def _write_people(path: Path) -> Path:
    columns = "id name current_party current_district current_chamber given_name family_name email"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split())
        for seat in seats():
            if seat.holder:
                given, family = seat.holder.split()
                key = f"simulation-{seat.chamber}-{seat.district}"
                writer.writerow([key, seat.holder, "", seat.district, seat.chamber, given, family, seat.email])
    return path


def _write_points(path: Path, state: str) -> Path:
    width, height = (_EAST - _WEST) / _COLUMNS, (_NORTH - _SOUTH) / _ROWS
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["LON", "LAT", "NUMBER", "STREET", "UNIT", "CITY", "DISTRICT", "REGION", "POSTCODE"])
        for n in range(_COLUMNS * _ROWS):
            for house in range(_HOUSES):
                lon = _WEST + (n % _COLUMNS + (house + 1) / (_HOUSES + 1)) * width
                lat = _SOUTH + (n // _COLUMNS + 0.5) * height
                row = [
                    f"{lon:.6f}",
                    f"{lat:.6f}",
                    house + 1,
                    "Maple St",
                    "",
                    _town(n),
                    "",
                    state.upper(),
                    _zip(state, n),
                ]
                writer.writerow(row)
    return path


def _homes(state: str) -> Iterator[HomeAddress]:
    """One house of each district after the other, so that any number of supporters is spread over all."""
    for house in range(_HOUSES):
        for n in range(_COLUMNS * _ROWS):
            yield HomeAddress(f"{house + 1} Maple St", _town(n), state.upper(), _zip(state, n))


def _town(number: int) -> str:
    return f"Town {number + 1}"


def _zip(state: str, number: int) -> str:
    area = state_of(state).zips[0][0]
    return f"{area:03d}{number + 10:02d}"
