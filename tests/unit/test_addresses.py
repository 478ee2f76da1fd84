"""What people type must lead to one key; what differs must stay apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import addresses
from shared.domain.address_lines import split_line
from shared.domain.addresses import (
    Incomplete,
    OutOfState,
    ReadAddress,
    StreetLine,
    other_state,
    read_address,
    read_street_line,
)
from shared.domain.places import HomeAddress
from shared.domain.street_names import city_key, street_key
from shared.domain.street_words import STREET_WORDS
from shared.domain.us_states import STATES, has_zip
from tests.hostile import cpu_seconds

MA = STATES["MA"]


@pytest.mark.parametrize(
    "spellings",
    [
        ("Main St", "main street", "MAIN ST.", "Main Str", " Main   Street, "),
        ("S Main St", "South Main Street", "S. Main St", "So. Main St"),
        ("Mt Auburn St", "Mount Auburn Street", "Mt. Auburn St."),
        ("St Botolph St", "Saint Botolph Street", "St. Botolph St"),
        ("E 4th St", "East Fourth Street", "E. Fourth St"),
        ("21st Ave", "Twenty First Avenue", "twenty-first av", "21 st ave"),
        ("Rte 28", "Route 28", "MA-28", "State Route 28", "Rt. 28", "State Hwy 28", "Highway 28"),
        ("MA-6A", "Route 6A", "rte 6a"),
        ("Louder's Lane", "Louders Ln", "LOUDER’S LN"),
        ("McGrath Hwy", "Mc Grath Highway", "mcgrath hwy."),
        ("Peña Ave", "Pena Avenue"),
        ("Centre St", "Center Street", "Ctr St"),
        ("Joseph E. Warner Blvd", "Joseph E Warner Boulevard"),
        ("Teaticket Hwy East", "Teaticket Highway E."),
    ],
)
def test_spellings_of_one_street_share_a_key(spellings: tuple[str, ...]) -> None:
    assert len({street_key(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("N St", "North St"),
        ("Main St", "Main Ave"),
        ("N Main St", "Main St"),
        ("N Main St", "S Main St"),
        ("1st St", "21st St"),
        ("Hall St", "Mall St"),
        ("Route 2", "Route 20"),
    ],
)
def test_different_streets_stay_apart(one: str, other: str) -> None:
    assert street_key(one) != street_key(other)


@pytest.mark.parametrize(
    "spellings",
    [
        ("W. Barnstable", "West Barnstable", "W Barnstable"),
        ("N Adams", "North Adams", "No. Adams"),
        ("Attleborough", "Attleboro"),
        ("Dennisport", "Dennis Port"),
        ("Newton Centre", "Newton Center", "Newton Ctr"),
        ("Stow", "Town of Stow", "stow, MA"),
        ("S. Yarmouth", "South Yarmouth", "So Yarmouth"),
    ],
)
def test_spellings_of_one_town_share_a_key(spellings: tuple[str, ...]) -> None:
    assert len({city_key(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    ("typed", "number", "number_to", "suffix", "street"),
    [
        ("12A Main St", 12, None, "a", "main st"),
        ("197 A Centre Street", 197, None, "a", "ctr st"),
        ("12 A St", 12, None, "", "a st"),
        ("12-14 Elm St Apt 3", 12, 14, "", "elm st"),
        ("12 1/2 Oak Ave.", 12, None, "1/2", "oak ave"),
        ("12½ Oak Ave", 12, None, "1/2", "oak ave"),
        ("123-45 31st Ave", 123, None, "-45", "31st ave"),
        ("22 Front St", 22, None, "", "front st"),
        ("22 Elm St, 2nd Fl", 22, None, "", "elm st"),
        ("22 Elm St Rear", 22, None, "", "elm st"),
        ("Rear 22 Elm St", 22, None, "", "elm st"),
        ("3 Beacon St Apt. #3", 3, None, "", "beacon st"),
        ("12 Main St, Bldg 4, Apt 5", 12, None, "", "main st"),
        ("14 Lower Rd", 14, None, "", "lower rd"),
        ("5 O Brien Ct", 5, None, "", "obrien ct"),
        ("12 E St", 12, None, "", "e st"),
        ("One Ashburton Place", 1, None, "", "ashburton pl"),
        ("Twenty-One Elm St", 21, None, "", "elm st"),
        ("No. 12 Elm St", 12, None, "", "elm st"),
        ("Maple Tower, 12 Elm St", 12, None, "", "elm st"),
        ("22 Elm St 2R", 22, None, "", "elm st"),
        ("22 Elm St., 4", 22, None, "", "elm st"),
        ("22 Elm St, E", 22, None, "", "elm st e"),
        ("22 Elm St PMB 4", 22, None, "", "elm st"),
        ("22 County Road 5A", 22, None, "", "county rd 5a"),
        ("22 CR 5A", 22, None, "", "county rd 5a"),
        ("22 Rte 6A", 22, None, "", "rte 6a"),
        ("N6W23001 Bluemound Rd", 23001, None, "n6w", "bluemound rd"),
        ("W225 N3178 Duplainville Rd", 3178, None, "w225n", "duplainville rd"),
    ],
)
def test_street_lines(typed: str, number: int, number_to: int | None, suffix: str, street: str) -> None:
    line = read_street_line(typed)
    assert isinstance(line, StreetLine)
    assert (line.number, line.number_to, line.suffix, street_key(line.name)) == (number, number_to, suffix, street)


@pytest.mark.parametrize(
    ("street", "city", "zip_code", "reason"),
    [
        ("", "Boston", "02108", addresses.NO_STREET),
        ("Main St", "Boston", "02108", addresses.NO_NUMBER),
        ("1st Street", "Boston", "02108", addresses.NO_NUMBER),
        ("12", "Boston", "02108", addresses.NO_STREET_NAME),
        ("12 Main St", "", "", addresses.NO_PLACE),
        ("P.O. Box 33", "Boston", "02108", addresses.PO_BOX),
        ("PO BOX 33, 12 Main St", "Boston", "02108", addresses.PO_BOX),
        ("RR 2 Box 9", "Boston", "02108", addresses.RURAL_BOX),
        ("12 Main St", "Boston", "0210x", addresses.BAD_ZIP),
    ],
)
def test_what_is_missing_is_said(street: str, city: str, zip_code: str, reason: str) -> None:
    assert read_address(HomeAddress(street, city, "MA", zip_code), MA) == Incomplete(reason)


def test_lost_leading_zero_of_a_zip_is_put_back() -> None:
    read = read_address(HomeAddress("12 Main St", "Cambridge", "MA", "2139"), MA)
    assert isinstance(read, ReadAddress)
    assert read.zip == "02139"


def test_other_states_are_outside() -> None:
    assert isinstance(read_address(HomeAddress("12 Main St", "Nashua", "NH", "03060"), MA), OutOfState)
    assert isinstance(read_address(HomeAddress("12 Main St", "Nashua", "MA", "03060"), MA), OutOfState)
    assert isinstance(read_address(HomeAddress("12 Main St", "Boston", "Mass.", "02108-1234"), MA), ReadAddress)


def test_every_zip_area_belongs_to_few_states() -> None:
    for area in range(1000):
        assert sum(has_zip(state, f"{area:03d}00") for state in STATES.values()) <= 2


@pytest.mark.parametrize(
    ("line", "street", "unit", "city", "state", "zip_code"),
    [
        ("12 Maple St, Worcester, MA 01603", "12 Maple St", "", "Worcester", "MA", "01603"),
        ("12 Maple St, Unit 3, Worcester, MA 01603-1234", "12 Maple St", "Unit 3", "Worcester", "MA", "01603-1234"),
        ("12 Maple St, Worcester MA", "12 Maple St", "", "Worcester", "MA", ""),
        ("12 Maple St, Worcester", "12 Maple St", "", "Worcester", "MA", ""),
        ("12 Maple St, Worcester, Massachusetts, 01603, USA", "12 Maple St", "", "Worcester", "MA", "01603"),
        ("12 Maple St Worcester MA 01603", "12 Maple St", "", "Worcester", "MA", "01603"),
        ("12 Elm St, Nashua, NH 03060", "12 Elm St", "", "Nashua", "NH", "03060"),
        ("12 Elm St, Mt Washington, MA", "12 Elm St", "", "Mt Washington", "MA", ""),
        ("590 Fellsway 02155", "590 Fellsway", "", "", "MA", "02155"),
    ],
)
def test_one_line_is_split(line: str, street: str, unit: str, city: str, state: str, zip_code: str) -> None:
    assert split_line(line, "MA") == HomeAddress(street, city, state, zip_code, unit)


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=12))
def test_any_text_gets_an_answer(street: str, city: str, zip_code: str) -> None:
    answer = read_address(HomeAddress(street, city, "MA", zip_code), MA)
    assert isinstance(answer, ReadAddress | Incomplete | OutOfState)
    split_line(f"{street}, {city}", "MA")


@given(st.text(max_size=40))
def test_case_and_spaces_never_matter(name: str) -> None:
    assert street_key(name) == street_key(f"  {name}  ")
    if name.isascii():
        assert street_key(name.upper()) == street_key(name.lower())


@given(st.sampled_from(sorted(STREET_WORDS)), st.sampled_from(["Maple", "Oak Hill", "Queen Anne", "Old Mill"]))
def test_long_and_short_suffixes_agree(suffix: str, name: str) -> None:
    assert street_key(f"{name} {suffix}") == street_key(f"{name} {STREET_WORDS[suffix]}")


@given(
    st.integers(1, 99_999),
    st.sampled_from(["Maple St", "S Main St", "Route 28", "E 4th St", "Broadway"]),
    st.sampled_from(["", " Apt 3", ", Unit 4B", " #12", " Ste 200", ", 3rd Floor", " Fl 2", " Bldg C"]),
)
def test_units_never_change_the_key(number: int, street: str, unit: str) -> None:
    line = read_street_line(f"{number} {street}{unit}")
    assert isinstance(line, StreetLine)
    assert (line.number, street_key(line.name)) == (number, street_key(street))


def test_reading_is_fast() -> None:
    typed = [HomeAddress(f"{n} North Maple Street Apt {n}", "West Barnstable", "MA", "02668") for n in range(1, 2001)]
    # Twice what 20,000 a second need.
    most = 2 * len(typed) / 20_000
    _, spent = cpu_seconds(lambda: [read_address(address, MA) for address in typed], most)
    assert spent < most


@pytest.mark.parametrize(
    ("state", "zip_code", "elsewhere"),
    [("MA", "03060", "NH"), ("", "10001", "NY"), ("NH", "01603", "NH"), ("MA", "01603", None), ("MA", "", None)],
)
def test_the_other_state_is_named(state: str, zip_code: str, elsewhere: str | None) -> None:
    address = HomeAddress("12 Maple Street", "Nashua", state, zip_code)
    found = other_state(address, STATES["MA"])
    assert (found and found.code) == elsewhere
