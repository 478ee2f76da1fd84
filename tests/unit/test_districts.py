"""Names of districts, chambers and states, as different files write them."""

import pytest

from shared.domain.chambers import chamber_facts, find_chamber, legislature_name
from shared.domain.districts import district_key, district_name, division_id
from shared.domain.places import Chamber
from shared.domain.us_states import STATES, find_state, state_of, states_of_zip
from shared.errors import NotFound


@pytest.mark.parametrize(
    "spellings",
    [
        ("5", "05", "005", "District 5", "State House District 5", "5th District", "Fifth Congressional District"),
        ("1st Barnstable", "First Barnstable", "1st Barnstable District", "First Barnstable District"),
        ("Twenty-First Middlesex", "21st Middlesex"),
        ("Barnstable, Dukes and Nantucket", "Barnstable, Dukes & Nantucket District"),
        ("Caledonia-1", "Caledonia 1", "Caledonia-1 State House District"),
        ("1A", "District 1A", "01A"),
        ("At-Large", "At Large", "Congressional District (at Large)", "00"),
    ],
)
def test_spellings_of_one_district(spellings: tuple[str, ...]) -> None:
    assert len({district_key(name) for name in spellings}) == 1


def test_districts_that_differ() -> None:
    names = ["1", "11", "1A", "1st Suffolk", "2nd Suffolk", "1st Essex", "1st Essex and Middlesex", "Essex-1"]
    assert len({district_key(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("written", "chamber", "shown"),
    [
        ("State House District 5", Chamber.LOWER, "5"),
        ("State Senate District 05", Chamber.UPPER, "5"),
        ("1st Barnstable District", Chamber.LOWER, "1st Barnstable"),
        ("First Suffolk", Chamber.UPPER, "First Suffolk"),
        ("7th Congressional District", Chamber.CONGRESS, "7"),
        ("MA-7", Chamber.CONGRESS, "7"),
        ("WY-AL", Chamber.CONGRESS, "At-Large"),
        ("98", Chamber.CONGRESS, "At-Large"),
        ("98", Chamber.LOWER, "98"),
        ("Delegate District 64", Chamber.LOWER, "64"),
    ],
)
def test_names_for_people(written: str, chamber: Chamber, shown: str) -> None:
    assert district_name(written, chamber) == shown


@pytest.mark.parametrize(
    ("state", "chamber", "name", "ocd_id"),
    [
        ("MA", Chamber.LOWER, "1st Suffolk", "ocd-division/country:us/state:ma/sldl:1st_suffolk"),
        ("MA", Chamber.UPPER, "First Suffolk", "ocd-division/country:us/state:ma/sldu:1st_suffolk"),
        (
            "MA",
            Chamber.LOWER,
            "Barnstable, Dukes and Nantucket",
            "ocd-division/country:us/state:ma/sldl:barnstable_dukes_and_nantucket",
        ),
        ("VT", Chamber.LOWER, "Caledonia-1", "ocd-division/country:us/state:vt/sldl:caledonia-1"),
        ("MD", Chamber.LOWER, "1A", "ocd-division/country:us/state:md/sldl:1a"),
        ("MA", Chamber.CONGRESS, "7", "ocd-division/country:us/state:ma/cd:7"),
        ("DC", Chamber.UPPER, "Ward 3", "ocd-division/country:us/district:dc/ward:3"),
        ("PR", Chamber.LOWER, "36", "ocd-division/country:us/territory:pr/sldl:36"),
    ],
)
def test_division_ids(state: str, chamber: Chamber, name: str, ocd_id: str) -> None:
    assert division_id(STATES[state], chamber, name) == ocd_id


def test_titles_and_seats() -> None:
    assert chamber_facts("MA", Chamber.LOWER).title == "Representative"
    assert chamber_facts("VA", Chamber.LOWER).title == "Delegate"
    assert chamber_facts("NY", Chamber.LOWER).title == "Assembly Member"
    assert (chamber_facts("WA", Chamber.LOWER, "20").seats, chamber_facts("WA", Chamber.UPPER, "20").seats) == (2, 1)
    assert (chamber_facts("ND", Chamber.LOWER, "4").seats, chamber_facts("ND", Chamber.LOWER, "4A").seats) == (2, 1)
    assert (legislature_name("MA"), legislature_name("NE")) == ("General Court", "Legislature")


def test_chambers_by_the_words_of_files() -> None:
    assert find_chamber("legislature") is Chamber.UPPER
    assert find_chamber("us_house") is Chamber.CONGRESS
    assert find_chamber("") is None


def test_states_by_any_of_their_names() -> None:
    for name in ("ma", "MA", "Massachusetts", "Mass.", "massachusetts "):
        assert find_state(name) is STATES["MA"]
    assert find_state("Nowhere") is None
    assert state_of("ocd-jurisdiction/country:us/state:ma/government") is STATES["MA"]
    with pytest.raises(NotFound, match="two letters"):
        state_of("atlantis")


@pytest.mark.parametrize(("zip5", "code"), [("02139", "MA"), ("05501", "MA"), ("03060", "NH"), ("20500", "DC")])
def test_states_by_zip(zip5: str, code: str) -> None:
    assert [state.code for state in states_of_zip(zip5)] == [code]
