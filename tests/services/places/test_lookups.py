"""The lookup on small data: what is taken, what is asked, what is only offered."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus, MatchType
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.imports.streets import import_streets
from shared.services.lookup import directory, has_real_directory, look_up, look_up_many
from shared.services.lookup.explanation import explain
from shared.settings import Settings
from tests.providers.web_folder import WebFolder, serve
from tests.services.places import files

BOTH = (Chamber.LOWER, Chamber.UPPER)
# Metres per degree of longitude at 42.1 degrees north.
DEGREE_M = 82_500
WEST_LAT_LON, EAST_LAT_LON = (42.1, -71.55), (42.1, -71.45)
POINTS = [
    ("12", "Maple St", "Stow", "01775", *WEST_LAT_LON),
    ("12", "Maple St", "Acton", "01720", *EAST_LAT_LON),
    ("14", "Maple St", "Stow", "01775", 42.1, files.EDGE_LON - 5 / DEGREE_M),
    ("16", "Maple St", "Stow", "01775", 42.1, files.EDGE_LON - 30 / DEGREE_M),
    ("18A", "Maple St", "Stow", "01775", 42.1, -71.56),
    ("20-22", "Maple St", "Stow", "01775", 42.1, -71.57),
    ("5", "Washington St", "Stow", "01775", *WEST_LAT_LON),
    ("5", "Washington St", "Stow", "01776", *EAST_LAT_LON),
    ("30", "Oak Hill Rd", "Stow", "01775", *WEST_LAT_LON),
    ("30", "Oak Hill Rd", "Acton", "01775", *WEST_LAT_LON),
    ("8", "Harbor Way", "Stow", "01775", 42.1, files.WEST - 100 / DEGREE_M),
    ("9", "Far Way", "Stow", "01775", 42.1, -72.5),
    ("7", "Village Ln", "Acton", "01720", *EAST_LAT_LON),
]


@pytest.fixture
def state(engine: Engine, tmp_path: Path) -> Engine:
    """Two House districts side by side, one Senate district, a vacant seat in none."""
    people = [
        files.person(1, "Wes West", "1st Essex"),
        files.person(2, "Eve East", "2nd Essex"),
        files.person(3, "Sue Senate", "First Essex", "upper", "not an email"),
    ]
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    import_districts(engine, files.write_districts(tmp_path / "h.geojson", ["1st Essex", "2nd Essex"]), "ma")
    import_districts(engine, files.write_districts(tmp_path / "s.geojson", ["First Essex"], "upper"), "ma")
    import_addresses(engine, files.write_points(tmp_path / "points.csv", POINTS), "ma")
    return engine


def find(
    engine: Engine, settings: Settings, street: str, city: str = "Stow", zip5: str = "01775", state: str = "MA"
) -> LookupResult:
    return look_up(engine, settings, "ma", BOTH, HomeAddress(street, city, state, zip5))


def districts(result: LookupResult) -> list[str]:
    return [office.district for office in result.offices]


def test_a_point_leads_to_its_offices(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "12 Maple Street, Apt 3")
    assert result.status is LookupStatus.MATCHED
    assert [(o.title, o.holder, o.email) for o in result.offices] == [
        ("Representative", "Wes West", "west@house.example"),
        ("Senator", "Sue Senate", ""),
    ]
    assert result.match is not None
    assert (result.match.type, result.match.precision_m) == (MatchType.POINT, 10.0)
    assert result.match.edge_m == pytest.approx(0.05 * DEGREE_M, rel=0.01)


def test_only_the_chambers_asked_for(state: Engine, settings: Settings) -> None:
    result = look_up(state, settings, "ma", (Chamber.UPPER,), HomeAddress("14 Maple St", "Stow", "MA", "01775"))
    assert (result.status, districts(result)) == (LookupStatus.MATCHED, ["First Essex"])


def test_a_point_near_an_edge_is_a_question(state: Engine, settings: Settings) -> None:
    near = find(state, settings, "14 Maple St")
    assert (near.status, near.asked) == (LookupStatus.DOUBTFUL, {Chamber.LOWER})
    assert set(districts(near)) == {"1st Essex", "2nd Essex", "First Essex"}
    assert near.match is not None
    assert near.match.edge_m == pytest.approx(5, abs=0.3)
    assert find(state, settings, "16 Maple St").status is LookupStatus.MATCHED


def test_letters_and_ranges_of_house_numbers(state: Engine, settings: Settings) -> None:
    without_letter = find(state, settings, "18 Maple St")
    assert without_letter.match is not None
    assert (without_letter.status, without_letter.match.precision_m) == (LookupStatus.MATCHED, 25.0)
    for typed in ("20 Maple St", "22 Maple St", "20-22 Maple St", "12B Maple St"):
        assert find(state, settings, typed).status is LookupStatus.MATCHED


def test_the_same_address_in_two_places_is_a_question_without_a_zip(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "5 Washington St", zip5="")
    assert (result.status, result.asked) == (LookupStatus.DOUBTFUL, {Chamber.LOWER})
    assert districts(find(state, settings, "5 Washington St", zip5="01776"))[0] == "2nd Essex"


def test_a_village_is_no_contradiction(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "12 Maple St", city="Gleasondale")
    assert (result.status, districts(result)[0]) == (LookupStatus.MATCHED, "1st Essex")


def test_a_wrong_zip_leaves_the_city(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "7 Village Ln", city="Acton", zip5="01999")
    assert (result.status, districts(result)[0]) == (LookupStatus.MATCHED, "2nd Essex")


def test_city_against_zip_is_a_choice_of_addresses(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "12 Maple St", city="Stow", zip5="01720")
    assert result.status is LookupStatus.NO_MATCH
    assert set(result.suggestions[:2]) == {"12 Maple St, Stow, MA 01775", "12 Maple St, Acton, MA 01720"}
    assert result.offices == ()


def test_a_known_city_with_a_foreign_zip_is_not_overruled(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "7 Village Ln", city="Stow", zip5="01720")
    assert (result.status, result.suggestions[0]) == (LookupStatus.NO_MATCH, "7 Village Ln, Acton, MA 01720")


@pytest.mark.parametrize(
    ("street", "city", "zip5", "suggestion"),
    [
        ("12 Mapel St", "Stow", "01775", "12 Maple St, Stow, MA 01775"),
        ("12 Maple Rd", "Stow", "01775", "12 Maple St, Stow, MA 01775"),
        ("30 Oak Hil Rd", "Acton", "", "30 Oak Hill Rd, Acton, MA 01775"),
        ("7 Village Ln", "Actn", "", "7 Village Ln, Acton, MA 01720"),
        ("7 Village Ln", "Boxborough", "", "7 Village Ln, Acton, MA 01720"),
        ("32 Oak Hill Rd", "Stow", "01775", "30 Oak Hill Rd, Stow, MA 01775"),
        ("12 Maple treet", "Stow", "01775", "12 Maple St, Stow, MA 01775"),
        ("7 Village Circle", "Acton", "", "7 Village Ln, Acton, MA 01720"),
    ],
)
def test_close_spellings_are_offered_not_taken(
    state: Engine, settings: Settings, street: str, city: str, zip5: str, suggestion: str
) -> None:
    result = find(state, settings, street, city=city, zip5=zip5)
    assert (result.status, result.offices) == (LookupStatus.NO_MATCH, ())
    assert suggestion in result.suggestions


def test_nothing_like_it(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "400 Zebra Crossing")
    assert (result.status, result.suggestions) == (LookupStatus.NO_MATCH, ())
    assert "could not find" in result.reason


def test_a_pier_belongs_to_the_district_beside_it_and_another_state_to_none(state: Engine, settings: Settings) -> None:
    assert find(state, settings, "8 Harbor Way").status is LookupStatus.MATCHED
    far = find(state, settings, "9 Far Way")
    assert (far.status, far.offices) == (LookupStatus.OUTSIDE, ())
    assert find(state, settings, "12 Elm St", "Nashua", "03060", "NH").status is LookupStatus.OUTSIDE


def test_incomplete_addresses_say_what_is_missing(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "PO Box 7")
    assert (result.status, "post office box" in result.reason) == (LookupStatus.INCOMPLETE, True)


def test_an_import_reaches_a_process_that_has_looked_up_before(
    state: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a second later.
    monkeypatch.setattr(directory, "CONFIRMED_FOR_S", 0)
    assert find(state, settings, "12 Maple St").offices[0].holder == "Wes West"
    people = [files.person(7, "Nia New", "1st Essex"), files.person(2, "Eve East", "2nd Essex")]
    import_legislators(state, files.write_csv(tmp_path / "b.csv", files.ROSTER_COLUMNS, people), "ma")
    assert find(state, settings, "12 Maple St").offices[0].holder == "Nia New"
    import_districts(state, files.write_districts(tmp_path / "n.geojson", ["2nd Essex"]), "ma")
    assert find(state, settings, "12 Maple St").offices[0].holder == "Eve East"


def test_threads_of_a_new_process_load_the_directory_once(
    state: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []
    load = directory.load_directory

    def slowly(connection: Connection, jurisdiction: str) -> directory.Directory:
        loads.append(jurisdiction)
        time.sleep(0.2)
        return load(connection, jurisdiction)

    monkeypatch.setattr(directory, "load_directory", slowly)
    directory._LOADED.clear()
    start = threading.Barrier(4)

    def ask(_: int) -> LookupResult:
        start.wait()
        return find(state, settings, "12 Maple St")

    with ThreadPoolExecutor(4) as pool:
        assert {result.status for result in pool.map(ask, range(4))} == {LookupStatus.MATCHED}
    assert loads == ["ma"]


def test_an_answer_is_remembered_for_as_long_as_its_data(
    state: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = find(state, settings, "12 Maple St")
    statements: list[str] = []
    event.listen(state, "checkout", lambda *_: statements.append("connection"))
    assert find(state, settings, "12 Maple St") is first
    assert statements == []
    assert find(state, settings, "12 MAPLE STREET").offices == first.offices
    assert look_up(state, settings, "ma", (Chamber.UPPER,), HomeAddress("12 Maple St", "Stow", "MA", "01775")) != first
    import_addresses(
        state,
        files.write_points(tmp_path / "points.csv", [("12", *POINTS[1][1:2], *POINTS[0][2:4], *EAST_LAT_LON)]),
        "ma",
    )
    monkeypatch.setattr(directory, "CONFIRMED_FOR_S", 0)
    assert districts(find(state, settings, "12 Maple St"))[0] == "2nd Essex"


def test_many_are_answered_in_their_order(state: Engine, settings: Settings) -> None:
    streets = ["12 Maple St", "PO Box 7", "18A Maple St", "99 Nowhere Rd", "12 Maple St", "14 Maple St"]
    addresses = [HomeAddress(street, "Stow", "MA", "01775") for street in streets]
    together = look_up_many(state, settings, "ma", BOTH, addresses)
    assert together == [look_up(state, settings, "ma", BOTH, address) for address in addresses]
    assert [result.status.value for result in together] == [
        "matched",
        "incomplete",
        "matched",
        "no_match",
        "matched",
        "doubtful",
    ]
    assert look_up_many(state, settings, "ma", BOTH, []) == []


def test_a_village_narrows_the_search_to_its_zip_codes(state: Engine, settings: Settings, tmp_path: Path) -> None:
    points = [
        ("7", "Adams St", "Boston", "02122", *WEST_LAT_LON),
        ("7", "Adams St", "Boston", "02129", *EAST_LAT_LON),
        ("9", "Adams St", "Boston", "02129", *EAST_LAT_LON),
    ]
    import_addresses(state, files.write_points(tmp_path / "boston.csv", points), "ma")
    found = find(state, settings, "7 Adams St", "Dorchester", "")
    assert (found.status, districts(found)[0]) == (LookupStatus.MATCHED, "1st Essex")
    found = find(state, settings, "7 Adams St", "Charlestown", "")
    assert (found.status, districts(found)[0]) == (LookupStatus.MATCHED, "2nd Essex")
    assert find(state, settings, "7 Adams St", "Dorchester", "02122").status is LookupStatus.MATCHED
    # Dorchester has no number 9: Charlestown's must not be taken for it, whatever the ZIP code says.
    for zip5 in ("", "02129"):
        found = find(state, settings, "9 Adams St", "Dorchester", zip5)
        assert (found.status, found.offices) == (LookupStatus.NO_MATCH, ())
        assert "9 Adams St, Boston, MA 02129" in found.suggestions
    # City and ZIP code contradict each other, and the address exists in both.
    found = find(state, settings, "7 Adams St", "Dorchester", "02129")
    assert (found.status, len(found.suggestions)) == (LookupStatus.NO_MATCH, 2)
    assert "don't belong together" in found.reason


def test_ranges_of_the_right_side_and_parity(state: Engine, settings: Settings, tmp_path: Path) -> None:
    fields = {"Street": "Border Rd", "ZIP_Left": "01775", "ZIP_Right": "01775"}
    numbers = {"L_From": 1, "L_To": 99, "R_From": 2, "R_To": 98}
    edge = {"type": "LineString", "coordinates": [[files.EDGE_LON, 42.10], [files.EDGE_LON, 42.11]]}
    inside = {"type": "LineString", "coordinates": [[-71.55, 42.10], [-71.54, 42.10]]}
    features = [({**fields, **numbers}, edge), ({**fields, "Street": "Inner Rd", **numbers}, inside)]
    import_streets(state, files.write_geojson(tmp_path / "r.geojson", features), "ma")
    result = find(state, settings, "51 Inner Rd", city="")
    assert result.match is not None
    assert (result.status, result.match.type) == (LookupStatus.MATCHED, MatchType.INTERPOLATED)
    assert result.match.lon == pytest.approx(-71.545, abs=0.0003)
    assert result.match.lat is not None
    assert result.match.lat > 42.10  # odd numbers are on the left, which is north here
    assert find(state, settings, "51 Border Rd", city="").status is LookupStatus.DOUBTFUL
    beyond = find(state, settings, "105 Inner Rd", city="")
    assert beyond.match is not None
    assert (beyond.status, beyond.match.type) == (LookupStatus.MATCHED, MatchType.CENTROID)
    assert find(state, settings, "905 Inner Rd", city="").status is LookupStatus.NO_MATCH


def test_a_range_asks_about_edges_where_its_houses_stand_and_not_beyond_the_crossing(
    state: Engine, settings: Settings, tmp_path: Path
) -> None:
    """Two blocks of a street, with the edge in the crossing; a street that crosses the edge; one that runs along it."""
    west, east = files.EDGE_LON - 100 / DEGREE_M, files.EDGE_LON + 100 / DEGREE_M
    lines = {
        ("Level Rd", 1): [[west, 42.1], [files.EDGE_LON, 42.1]],
        ("Level Rd", 101): [[files.EDGE_LON, 42.1], [east, 42.1]],
        ("Through Rd", 1): [[west, 42.12], [east, 42.12]],
        ("Along Rd", 1): [[files.EDGE_LON - 50 / DEGREE_M, 42.13], [files.EDGE_LON - 50 / DEGREE_M, 42.131]],
    }
    features = [
        (
            {"Street": name, "ZIP_Left": "01775", "L_From": first, "L_To": first + 98, "R_From": 0, "R_To": 0},
            {"type": "LineString", "coordinates": line},
        )
        for (name, first), line in lines.items()
    ]
    import_streets(state, files.write_geojson(tmp_path / "r.geojson", features), "ma")
    for street, district in (("99 Level Rd", "1st Essex"), ("101 Level Rd", "2nd Essex")):
        corner = find(state, settings, street)
        assert (corner.status, districts(corner)[0]) == (LookupStatus.MATCHED, district)
        assert corner.match is not None
        assert corner.match.edge_m is not None
        assert corner.match.precision_m < corner.match.edge_m == pytest.approx(25, abs=1)
    for street in ("1 Through Rd", "99 Through Rd", "51 Along Rd"):
        asked = find(state, settings, street)
        assert (asked.status, set(districts(asked)[:2])) == (LookupStatus.DOUBTFUL, {"1st Essex", "2nd Essex"})
        assert asked.match is not None
        assert asked.match.edge_m is not None
        assert asked.match.edge_m < asked.match.precision_m


def test_several_members_and_members_at_large(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    people = [
        files.person(1, "Ann One", "20"),
        files.person(2, "Ben Two", "20"),
        files.person(3, "Cy Three", "20", "upper"),
        files.person(4, "All State", "At-Large", "upper"),
    ]
    import_legislators(engine, files.write_csv(tmp_path / "wa.csv", files.ROSTER_COLUMNS, people), "wa")
    import_districts(engine, files.write_districts(tmp_path / "h.geojson", ["20"]), "wa")
    import_districts(engine, files.write_districts(tmp_path / "s.geojson", ["20"], "upper"), "wa")
    points = files.write_csv(
        tmp_path / "p.csv",
        ["address", "city", "state", "zip", "lat", "lon"],
        [["1 Pine St", "Yelm", "WA", "98597", 42.1, -71.5]],
    )
    import_addresses(engine, points, "wa")
    result = look_up(engine, settings, "wa", BOTH, HomeAddress("1 Pine St", "Yelm", "WA", "98597"))
    assert result.status is LookupStatus.MATCHED
    assert [office.holder for office in result.offices] == ["Ann One", "Ben Two", "Cy Three", "All State"]


def test_without_real_data_every_complete_address_leads_to_practice_offices(engine: Engine, settings: Settings) -> None:
    with engine.connect() as connection:
        assert not has_real_directory(connection, "ma")
    first = find(engine, settings, "1 Any Street", "Anywhere", "01001")
    again = find(engine, settings, "2 Other Street", "Elsewhere", "02101")
    assert first.status is LookupStatus.MATCHED
    assert first.match is not None
    assert first.match.type is MatchType.PRACTICE
    assert [(o.title, o.district, o.email, o.is_practice) for o in first.offices] == [
        ("Practice Representative", "1st Practice District", "representative@practice.example", True),
        ("Practice Senator", "First Practice District", "senator@practice.example", True),
    ]
    assert [o.office_id for o in first.offices] == [o.office_id for o in again.offices]
    assert find(engine, settings, "Any Street").status is LookupStatus.INCOMPLETE
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM office")).scalar_one() == 2


def test_practice_offices_never_mix_with_real_ones(state: Engine, settings: Settings) -> None:
    with state.connect() as connection:
        assert has_real_directory(connection, "ma")
    assert not any(office.is_practice for office in find(state, settings, "12 Maple St").offices)


def test_an_explanation_follows_the_steps(state: Engine, settings: Settings) -> None:
    address = HomeAddress("14 Maple Street", "Stow", "MA", "01775")
    lines = explain(address, look_up(state, settings, "ma", BOTH, address), "ma")
    assert "Read as: number 14, street “maple st”, city “stow”, ZIP “01775”" in lines
    assert any(line.endswith("(to be asked)") for line in lines)


NOMINATIM = {
    "lat": "42.1",
    "lon": "-71.55",
    "address": {
        "house_number": "77",
        "road": "New Street",
        "town": "Stow",
        "state": "Massachusetts",
        "postcode": "01775",
    },
}


def with_remote(settings: Settings, folder: WebFolder) -> Settings:
    """The settings with one outside geocoder, new for each test."""
    return replace(settings, geocoders=f"nominatim={folder.url}")


def test_outside_geocoders_come_last_and_only_when_switched_on(state: Engine, settings: Settings) -> None:
    with serve(WebFolder(files={"search": json.dumps([NOMINATIM]).encode()})) as folder:
        switched_on = with_remote(settings, folder)
        assert find(state, settings, "77 New St").status is LookupStatus.NO_MATCH
        assert find(state, switched_on, "12 Maple St").status is LookupStatus.MATCHED
        address = HomeAddress("77 New St", "Stow", "MA", "01775")
        assert look_up(state, switched_on, "ma", BOTH, address, remote=False).status is LookupStatus.NO_MATCH
        assert folder.requests == 0
        result = find(state, switched_on, "77 New St")
        assert (result.status, districts(result)[0]) == (LookupStatus.MATCHED, "1st Essex")
        assert result.match is not None
        assert (result.match.source, result.match.precision_m) == ("nominatim geocoder", 25.0)


def test_an_outside_answer_for_another_house_is_only_offered(state: Engine, settings: Settings) -> None:
    with serve(WebFolder(files={"search": json.dumps([NOMINATIM]).encode()})) as folder:
        result = find(state, with_remote(settings, folder), "79 New St")
    assert (result.status, result.offices) == (LookupStatus.NO_MATCH, ())
    assert "77 New Street, Stow, MA 01775" in result.suggestions


def test_silent_geocoders_mean_still_looking(state: Engine, settings: Settings) -> None:
    with serve(WebFolder(faults=[503, 503])) as folder:
        result = find(state, with_remote(settings, folder), "77 New St")
    assert result.retry_in_s is not None
    assert "still looking" in result.reason
    assert find(state, with_remote(settings, folder), "12 Maple St").status is LookupStatus.MATCHED
