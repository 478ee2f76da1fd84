"""Real addresses with known districts: the right offices or a question, never a wrong office."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus, MatchType
from shared.services.lookup import look_up
from shared.settings import Settings
from tests.services.places.conftest import read_rows

ALL = tuple(Chamber)
TRUTH = {
    Chamber.LOWER: "house_district",
    Chamber.UPPER: "senate_district",
    Chamber.CONGRESS: "congressional_district",
}
_LONG = {"St": "Street", "Ave": "Avenue", "Rd": "Road", "Dr": "Drive", "Blvd": "Boulevard", "Hwy": "Highway"}
_LONG |= {"Ln": "Lane", "N": "North", "S": "South", "E": "East", "W": "West", "Mt": "Mount"}
_SHORT = {long: short for short, long in _LONG.items()}
# `North Street` is not shortened: `N Street` is another street in towns with lettered streets.
_WHOLE_NAMES = ("North", "South", "East", "West")


def typed(row: dict[str, str]) -> HomeAddress:
    """The row's address as its file writes it."""
    return HomeAddress(row["address"], row["city"], row["state"], row["zip"])


def judge(row: dict[str, str], result: LookupResult) -> str:
    """The status, or `wrong` when an office is chosen or offered without the true one."""
    found = defaultdict(set)
    for office in result.offices:
        found[office.chamber].add(office.district)
    if result.status is LookupStatus.MATCHED:
        return "matched" if all(found[c] == {row[TRUTH[c]]} for c in ALL) else "wrong"
    if result.status is LookupStatus.DOUBTFUL:
        return "doubtful" if all(row[TRUTH[c]] in found[c] for c in ALL) else "wrong"
    return result.status.value


def _swap_words(street: str, words: dict[str, str]) -> str:
    parts = street.split(" ")
    keep = parts[1] if len(parts) == 3 and parts[1] in _WHOLE_NAMES else ""
    return " ".join(word if word == keep else words.get(word.rstrip("."), word) for word in parts)


def _slip(text: str, seed: str) -> str:
    """One wrong, missing or doubled letter."""
    dice = random.Random(seed)
    at = dice.choice([i for i, letter in enumerate(text) if letter.isalpha()])
    change = dice.choice(["", dice.choice("abcdefghijklmnopqrstuvwxyz"), text[at] * 2])
    return text[:at] + change + text[at + 1 :]


SPELLINGS: dict[str, Callable[[HomeAddress], HomeAddress]] = {
    "capitals": lambda a: replace(a, street=a.street.upper(), city=a.city.upper()),
    "small letters": lambda a: replace(a, street=a.street.lower(), city=a.city.lower()),
    "long words": lambda a: replace(a, street=_swap_words(a.street, _LONG)),
    "short words": lambda a: replace(a, street=_swap_words(a.street, _SHORT), city=_swap_words(a.city, _SHORT)),
    "unit": lambda a: replace(a, street=f"{a.street}, Apt 4B"),
    "no ZIP": lambda a: replace(a, zip=""),
    "ZIP+4": lambda a: replace(a, zip=f"{a.zip}-1234"),
    "no city": lambda a: replace(a, city=""),
    "slip in the city": lambda a: replace(a, city=_slip(a.city, a.street)),
}
SLIPS: dict[str, Callable[[HomeAddress], HomeAddress]] = {
    "slip in the street": lambda a: replace(a, street=_slip(a.street, a.city)),
    "another slip": lambda a: replace(a, street=_slip(a.street, a.street)),
    "slip in the city, no ZIP": lambda a: replace(a, city=_slip(a.city, a.street), zip=""),
}


def test_every_public_address_is_right_or_asked(massachusetts: Engine, settings: Settings, ma_files: Path) -> None:
    rows = read_rows(ma_files / "public_addresses.csv")
    roster = {
        (p["current_chamber"], p["current_district"]): (p["name"], p["email"])
        for p in read_rows(ma_files / "legislators.csv")
    }
    verdicts: Counter[str] = Counter()
    vacant = set()
    for row in rows:
        result = look_up(massachusetts, settings, "ma", ALL, typed(row))
        verdicts[judge(row, result)] += 1
        for office in result.offices:
            if office.chamber is not Chamber.CONGRESS:
                assert (office.holder, office.email) == roster.get((office.chamber, office.district), ("", ""))
                vacant |= {office.district} if office.vacant else set()
    assert verdicts.keys() <= {"matched", "doubtful"}
    assert verdicts["doubtful"] <= 10
    assert vacant == {"1st Franklin", "17th Middlesex"}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_other_spellings_find_the_same(
    massachusetts: Engine, settings: Settings, ma_files: Path, spelling: str
) -> None:
    rows = read_rows(ma_files / "public_addresses.csv")
    verdicts = Counter(
        judge(row, look_up(massachusetts, settings, "ma", ALL, SPELLINGS[spelling](typed(row)))) for row in rows
    )
    assert verdicts["wrong"] == 0
    assert verdicts["matched"] + verdicts["doubtful"] >= len(rows) - 2


@pytest.mark.parametrize("slip", SLIPS)
def test_slips_are_offered_never_taken(massachusetts: Engine, settings: Settings, ma_files: Path, slip: str) -> None:
    rows = read_rows(ma_files / "public_addresses.csv")
    verdicts: Counter[str] = Counter()
    helped = 0
    for row in rows:
        result = look_up(massachusetts, settings, "ma", ALL, SLIPS[slip](typed(row)))
        verdicts[judge(row, result)] += 1
        helped += bool(result.suggestions) or result.status is not LookupStatus.NO_MATCH
    assert verdicts["wrong"] == 0
    assert helped >= 0.9 * len(rows)


def test_villages_and_other_postal_cities(massachusetts: Engine, settings: Settings, ma_files: Path) -> None:
    for row in read_rows(ma_files / "address_edge_cases.csv"):
        assert judge(row, look_up(massachusetts, settings, "ma", ALL, typed(row))) == "matched"


def test_street_ranges_alone_locate_a_city(cambridge: Engine, settings: Settings, ma_files: Path) -> None:
    rows = [row for row in read_rows(ma_files / "public_addresses.csv") if row["municipality"] == "Cambridge"]
    results = [(row, look_up(cambridge, settings, "ma", ALL, typed(row))) for row in rows]
    verdicts = Counter(judge(row, result) for row, result in results)
    assert verdicts["wrong"] == 0
    assert verdicts["matched"] + verdicts["doubtful"] >= 0.95 * len(rows)
    types = {result.match.type for _, result in results if result.match}
    assert types == {MatchType.INTERPOLATED, MatchType.CENTROID}


def test_threads_share_the_districts(massachusetts: Engine, settings: Settings, ma_files: Path) -> None:
    rows = read_rows(ma_files / "public_addresses.csv")[:120]

    def ask(row: dict[str, str]) -> str:
        return judge(row, look_up(massachusetts, settings, "ma", ALL, typed(row)))

    with ThreadPoolExecutor(4) as pool:
        verdicts = Counter(pool.map(ask, rows))
    assert verdicts["matched"] + verdicts["doubtful"] == len(rows)
