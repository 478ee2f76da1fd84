"""Legislatures that are not like Massachusetts': several members, seats with letters, one chamber, members at large."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from shared.cli import imports
from shared.cli.stack import Stack
from shared.db import directory as store
from shared.domain.chambers import UNICAMERAL, chamber_facts, find_chamber
from shared.domain.districts import district_key
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus
from shared.domain.us_states import STATES
from shared.paths import ROOT
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.lookup import directory, look_up
from shared.settings import Settings
from tests.services.places import files

ALL = (Chamber.LOWER, Chamber.UPPER)
DATA = ROOT.parent / "shared" / "data"
MIDDLE_LAT = (files.SOUTH + files.NORTH) / 2
# A person of a roster: name, district, chamber.
Member = tuple[str, str, str]
Shape = tuple[str, dict[str, Any]]


class State:
    """One state's files through the real commands, and lookups in it."""

    def __init__(self, engine: Engine, settings: Settings, folder: Path, run: Callable[..., str], code: str) -> None:
        self.engine, self.settings, self.folder, self.run, self.code = engine, settings, folder, run, code

    def roster(self, *members: Member) -> str:
        rows = [files.person(crc32(name.encode()), name, district, chamber) for name, district, chamber in members]
        path = files.write_csv(self.folder / f"{self.code}.csv", files.ROSTER_COLUMNS, rows)
        return self.run("legislators", str(path), "--state", self.code)

    def districts(self, chamber: str, *names: str) -> str:
        """Side by side from west to east."""
        width = (files.EAST - files.WEST) / len(names)
        squares = [files.square(files.WEST + i * width, files.WEST + (i + 1) * width) for i in range(len(names))]
        return self.shapes(chamber, *zip(names, squares, strict=True))

    def shapes(self, chamber: str, *shapes: Shape) -> str:
        features = [({"NAMELSAD": name}, square) for name, square in shapes]
        path = files.write_geojson(self.folder / f"{self.code}_{chamber}.geojson", features)
        return self.run("districts", str(path), "--state", self.code, "--chamber", chamber)

    def addresses(self, **places: float) -> None:
        """A house in a street for each name, at this longitude."""
        rows = [
            ["1", f"{name} St", "Anytown", STATES[self.code.upper()].code, "", MIDDLE_LAT, lon]
            for name, lon in places.items()
        ]
        columns = ["number", "street", "city", "state", "zip", "lat", "lon"]
        self.run("addresses", str(files.write_csv(self.folder / "points.csv", columns, rows)), "--state", self.code)

    def find(self, street: str, chambers: Sequence[Chamber] = ALL) -> LookupResult:
        directory._LOADED.clear()  # a process asks the database once a second
        address = HomeAddress(f"1 {street} St", "Anytown", self.code.upper(), "")
        return look_up(self.engine, self.settings, self.code, chambers, address)

    def holders(self, street: str) -> list[str]:
        result = self.find(street)
        assert result.status is LookupStatus.MATCHED
        return [office.holder for office in result.offices]


@pytest.fixture
def state(
    engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], State]:
    @contextmanager
    def stack() -> Iterator[Stack]:
        yield Stack(settings, engine)

    monkeypatch.setattr(imports, "open_stack", stack)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(imports.import_group, list(arguments))
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return lambda code: State(engine, settings, tmp_path, run, code)


WEST, EAST = -71.55, -71.45


def test_arizona_elects_two_representatives_and_one_senator_in_a_district(state: Callable[[str], State]) -> None:
    az = state("az")
    az.districts("lower", "State Legislative District 1", "State Legislative District 2")
    az.districts("upper", "State Legislative District 1", "State Legislative District 2")
    az.roster(("Ann One", "1", "lower"), ("Ben One", "1", "lower"), ("Cy One", "1", "upper"), ("Di Two", "2", "lower"))
    az.addresses(West=WEST, East=EAST)
    assert az.holders("West") == ["Ann One", "Ben One", "Cy One"]
    assert az.holders("East") == ["Di Two", "", ""]  # a vacant seat of each chamber


@pytest.mark.parametrize("first", ["roster", "districts"])
def test_idaho_seats_with_letters_share_a_district(state: Callable[[str], State], first: str) -> None:
    idaho = state("id")
    members = (("Ann A", "16A", "lower"), ("Ben B", "16B", "lower"), ("Cy C", "17A", "lower"), ("Di D", "16", "upper"))
    if first == "roster":
        idaho.roster(*members)
    idaho.districts("lower", "State Legislative District 16", "State Legislative District 17")
    idaho.districts("upper", "State Legislative District 16", "State Legislative District 17")
    idaho.roster(*members)
    idaho.addresses(West=WEST, East=EAST)
    assert idaho.holders("West") == ["Ann A", "Ben B", "Di D"]
    assert [office.district for office in idaho.find("West").offices] == ["16A", "16B", "16"]
    # Both resign; the successor of B takes seat B.
    idaho.roster(("Eve E", "16B", "lower"), ("Di D", "16", "upper"))
    found = idaho.find("West").offices
    assert [(office.district, office.holder) for office in found] == [("16A", ""), ("16B", "Eve E"), ("16", "Di D")]


@pytest.mark.parametrize("written", ["{} Position {}", "{}, Pos. {}", "{} Seat {}"])
def test_washington_positions_share_a_district(state: Callable[[str], State], written: str) -> None:
    wa = state("wa")
    wa.districts("lower", "State Legislative District 24", "State Legislative District 25")
    one, two = written.format(24, 1), written.format(24, 2)
    wa.roster(("Ann One", one, "lower"), ("Ben Two", two, "lower"), ("Cy Three", written.format(25, 1), "lower"))
    wa.addresses(West=WEST, East=EAST)
    assert wa.holders("West") == ["Ann One", "Ben Two"]
    assert wa.holders("East") == ["Cy Three", ""]


@pytest.mark.parametrize("code", ["sd", "nd", "mn", "md"])
def test_a_letter_elsewhere_is_a_district_of_its_own(state: Callable[[str], State], code: str) -> None:
    there = state(code)
    there.districts("lower", "State Legislative Subdistrict 26A", "State Legislative Subdistrict 26B")
    there.districts("upper", "State Senate District 26")
    there.roster(("Ann A", "26A", "lower"), ("Ben B", "26B", "lower"), ("Cy C", "26", "upper"))
    there.addresses(West=WEST, East=EAST)
    assert there.holders("West") == ["Ann A", "Cy C"]
    assert there.holders("East") == ["Ben B", "Cy C"]


def test_half_a_district_is_never_taken_for_the_whole(state: Callable[[str], State]) -> None:
    nd = state("nd")
    nd.districts("lower", "State House District 4")
    said = nd.roster(("Ann A", "4A", "lower"), ("Ben B", "4B", "lower"))
    nd.addresses(West=WEST)
    assert {office.holder for office in nd.find("West").offices} == {""}
    assert "no shape for lower district 4A: no address leads to it" in said


def test_vermont_and_west_virginia_names(state: Callable[[str], State]) -> None:
    vt = state("vt")
    vt.districts("lower", "Addison-1 State House District", "Grand Isle-Chittenden State House District")
    vt.districts("upper", "Addison State Senate District", "Chittenden Central State Senate District")
    vt.roster(
        ("Ann One", "Addison-1", "lower"),
        ("Ben One", "Addison-1", "lower"),
        ("Cy Two", "Grand Isle-Chittenden", "lower"),
        ("Di Three", "Addison", "upper"),
        ("Eve Three", "Addison", "upper"),
        ("Flo Four", "Chittenden Central", "upper"),
    )
    vt.addresses(West=WEST, East=EAST)
    assert vt.holders("West") == ["Ann One", "Ben One", "Di Three", "Eve Three"]
    assert vt.holders("East") == ["Cy Two", "Flo Four"]
    wv = state("wv")
    wv.districts("lower", "Delegate District 64", "Delegate District 6")
    wv.districts("upper", "State Senate District 4")
    wv.roster(("Gil Six", "64", "lower"), ("Hal Four", "4", "upper"), ("Ida Four", "4", "upper"))
    wv.addresses(West=WEST, East=EAST)
    assert wv.holders("West") == ["Gil Six", "Hal Four", "Ida Four"]
    assert next((office.title, office.district) for office in wv.find("East").offices) == ("Delegate", "6")


def test_nebraska_has_one_chamber(state: Callable[[str], State]) -> None:
    ne = state("ne")
    ne.districts("upper", "State Legislative District 13", "State Legislative District 31")
    said = ne.roster(("Ann One", "13", "legislature"), ("Ben Two", "31", "legislature"))
    assert "legislators from ne.csv: 2 new" in said
    ne.addresses(West=WEST, East=EAST)
    assert ne.holders("West") == ["Ann One"]
    assert ne.holders("East") == ["Ben Two"]
    assert ne.find("West").offices[0].title == "Senator"


def test_alaska_names_its_senate_districts_by_letters(state: Callable[[str], State]) -> None:
    ak = state("ak")
    ak.districts("lower", "State House District 1", "State House District 2")
    ak.districts("upper", "State Senate District A", "State Senate District T")
    ak.roster(("Ann One", "1", "lower"), ("Ben Two", "2", "lower"), ("Cy A", "A", "upper"), ("Di T", "T", "upper"))
    ak.addresses(West=WEST, East=EAST)
    assert ak.holders("West") == ["Ann One", "Cy A"]
    assert ak.holders("East") == ["Ben Two", "Di T"]


def test_the_district_of_columbia_has_wards_and_members_at_large(state: Callable[[str], State]) -> None:
    dc = state("dc")
    dc.districts("upper", "Ward 1", "Ward 2")
    members = [
        ("Ann One", "Ward 1", "legislature"),
        ("Ben Two", "Ward 2", "legislature"),
        ("Cy All", "At-Large", "legislature"),
        ("Di All", "At-Large", "legislature"),
        ("Eve Chair", "Chairman", "legislature"),
    ]
    dc.roster(*members)
    dc.addresses(West=WEST, East=EAST)
    assert dc.holders("West") == ["Ann One", "Cy All", "Di All", "Eve Chair"]
    titles = {office.holder: office.title for office in dc.find("East").offices}
    assert titles == {
        "Ben Two": "Councilmember",
        "Cy All": "Councilmember",
        "Di All": "Councilmember",
        "Eve Chair": "Chairman",
    }
    # A member at large becomes chairman: the seats are not mixed up.
    dc.roster(*members[:3], ("Di All", "Chairman", "legislature"), ("Flo All", "At-Large", "legislature"))
    titles = {office.holder: office.title for office in dc.find("West").offices}
    assert titles["Di All"] == "Chairman"
    assert titles["Flo All"] == titles["Cy All"] == "Councilmember"


def test_district_98_is_a_district(state: Callable[[str], State]) -> None:
    tx = state("tx")
    tx.districts("lower", "State House District 97", "State House District 98")
    tx.roster(("Ann One", "97", "lower"), ("Ben Two", "98", "lower"))
    tx.addresses(West=WEST, East=EAST)
    assert tx.holders("West") == ["Ann One"]
    assert tx.holders("East") == ["Ben Two"]


def test_districts_that_change_their_ids_with_each_other(state: Callable[[str], State]) -> None:
    """Two Massachusetts Senate districts once had each other's codes."""
    ma = state("ma")
    west, east = files.square(files.WEST, files.EDGE_LON), files.square(files.EDGE_LON, files.EAST)
    for ids in (("id:1", "id:2"), ("id:2", "id:1")):
        features = [
            ({"name": "First Essex", "ocd_id": ids[0]}, west),
            ({"name": "Second Essex", "ocd_id": ids[1]}, east),
        ]
        # Other corners, so that the shapes count as changed.
        east = files.square(files.EDGE_LON, files.EAST + 0.01)
        west = files.square(files.WEST - 0.01, files.EDGE_LON)
        path = files.write_geojson(ma.folder / "s.geojson", features)
        ma.run("districts", str(path), "--state", "ma", "--chamber", "upper")
        ma.roster(("Ann One", "First Essex", "upper"), ("Ben Two", "Second Essex", "upper"))
    ma.addresses(West=WEST, East=EAST)
    assert ma.holders("West") == ["Ann One"]
    assert ma.holders("East") == ["Ben Two"]


def test_a_new_district_with_the_id_of_an_old_one_does_not_inherit_its_office(state: Callable[[str], State]) -> None:
    ma = state("ma")
    square = files.square(files.WEST, files.EAST)
    for name in ("8th Essex", "9th Essex"):
        path = files.write_geojson(ma.folder / "h.geojson", [({"name": name, "ocd_id": "id:1"}, square)])
        ma.run("districts", str(path), "--state", "ma", "--chamber", "lower")
        if name == "8th Essex":
            ma.roster(("Old Member", "8th Essex", "lower"))
    ma.addresses(West=WEST)
    assert [(office.district, office.holder) for office in ma.find("West").offices] == [("9th Essex", "")]


def test_a_floterial_district_without_a_shape_is_told(state: Callable[[str], State]) -> None:
    nh = state("nh")
    nh.districts("lower", "State House District Belknap 3", "State House District Belknap 4")
    said = nh.roster(("Ann One", "Belknap 3", "lower"), ("Ben Two", "Belknap 8", "lower"))
    assert "no shape for lower district Belknap 8: no address leads to it" in said
    assert ", 0 refused." in said
    nh.addresses(West=WEST)
    assert nh.holders("West") == ["Ann One"]


def test_floterial_districts_overlap_ordinary_ones(state: Callable[[str], State]) -> None:
    nh = state("nh")
    middle = (files.WEST + files.EAST) / 2
    nh.shapes(
        "lower",
        ("State House District Belknap 3", files.square(files.WEST, middle)),
        ("State House District Belknap 4", files.square(middle, files.EAST)),
        ("State House District Belknap 8", files.square(files.WEST, files.EAST)),
    )
    nh.roster(("Ann One", "Belknap 3", "lower"), ("Ben Two", "Belknap 4", "lower"), ("Cy Both", "Belknap 8", "lower"))
    nh.addresses(West=WEST, East=EAST)
    assert nh.holders("West") == ["Ann One", "Cy Both"]
    assert nh.holders("East") == ["Ben Two", "Cy Both"]


def roster_rows() -> list[dict[str, str]]:
    with gzip.open(DATA / "us_state_legislators_slim.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def chamber_rows() -> dict[tuple[str, Chamber], dict[str, str]]:
    with (DATA / "state_chambers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["state"], find_chamber(row["chamber"]) or Chamber.CONGRESS): row for row in rows}


@pytest.mark.skipif(not (DATA / "us_state_legislators_slim.csv.gz").is_file(), reason="the rosters are not here")
def test_the_roster_of_every_state(engine: Engine, tmp_path: Path) -> None:
    by_state: dict[str, list[dict[str, str]]] = {}
    for row in roster_rows():
        by_state.setdefault(row["state"].upper(), []).append(row)
    facts = chamber_rows()
    assert len(by_state) >= 50
    for code, rows in by_state.items():
        path = files.write_csv(tmp_path / f"{code}.csv", list(rows[0]), [list(row.values()) for row in rows])
        report = import_legislators(engine, path, code.lower())
        assert (report.new, report.refused, report.lines) == (len(rows), 0, []), code
        with engine.connect() as connection:
            seats = store.current_offices(connection, code.lower())
        assert Counter((seat.chamber, seat.name) for seat in seats) == Counter(
            (find_chamber(row["current_chamber"]), row["name"]) for row in rows
        )
        for chamber in {seat.chamber for seat in seats}:
            check_chamber(code, chamber, [seat for seat in seats if seat.chamber is chamber], rows, facts)


def check_chamber(
    code: str,
    chamber: Chamber,
    seats: list[store.OfficeRow],
    rows: list[dict[str, str]],
    facts: dict[tuple[str, Chamber], dict[str, str]],
) -> None:
    known = facts[code, chamber]
    written = Counter(row["current_district"] for row in rows if find_chamber(row["current_chamber"]) is chamber)
    read = Counter(district_key(seat.district) for seat in seats)
    chairman = int(code == "DC")  # one more elected at large
    assert len(read) == len(written) - chairman, (code, chamber)
    assert sorted(read.values()) == sorted(written.values()) or chairman
    assert len(read) <= int(known["districts"])
    assert len(seats) <= int(known["num_seats"])
    assert {seat.title for seat in seats} - {"Chairman"} == {known["title"]}
    assert (code in UNICAMERAL) == (known["unicameral"] == "True")
    at_large = {seat.district for seat in seats if district_key(seat.district) == "at large"}
    assert not at_large or code in ("DC", "PR"), (code, chamber)
    # Never more seats taken for granted than the chamber has.
    granted = sum(chamber_facts(code, chamber, seat.district).seats for seat in {s.district: s for s in seats}.values())
    assert granted <= int(known["num_seats"]), (code, chamber)


@pytest.mark.skipif(not (DATA / "us_state_legislators_slim.csv.gz").is_file(), reason="the rosters are not here")
def test_a_roster_meets_shapes_with_the_census_names(engine: Engine, tmp_path: Path) -> None:
    """West Virginia's real roster and shapes named as the Census names them leave no office without a shape."""
    rows = [row for row in roster_rows() if row["state"] == "wv"]
    path = files.write_csv(tmp_path / "wv.csv", list(rows[0]), [list(row.values()) for row in rows])
    import_legislators(engine, path, "wv")
    for chamber, word in ((Chamber.LOWER, "Delegate"), (Chamber.UPPER, "State Senate")):
        names = sorted({row["current_district"] for row in rows if row["current_chamber"] == chamber})
        shapes = files.write_districts(tmp_path / "d.geojson", [f"{word} District {name}" for name in names], chamber)
        report = import_districts(engine, shapes, "wv", chamber=chamber)
        assert (report.refused, report.lines) == (0, [])
    with engine.connect() as connection:
        offices = store.current_offices(connection, "wv")
        assert connection.execute(text("SELECT count(*) FROM office")).scalar_one() == len(rows)
        loaded = directory.load_directory(connection, "wv")
    shaped = {row.ocd_id for row in store_districts(engine)}
    assert {office.ocd_id for office in offices} == shaped == set(loaded.offices)


def store_districts(engine: Engine) -> list[store.DistrictRow]:
    with engine.connect() as connection:
        return store.current_districts(connection, "wv")
