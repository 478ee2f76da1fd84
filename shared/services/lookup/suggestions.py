"""Close spellings of an address that was not found. They are only offered: nothing is matched by resemblance."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process
from sqlalchemy import Connection

from shared.db import lookups
from shared.domain.addresses import ReadAddress
from shared.domain.street_names import fold
from shared.domain.us_states import state_of
from shared.domain.villages import village_keys
from shared.services.lookup.directory import Directory
from shared.services.lookup.evidence import zips_to_search

_LIMIT = 5
# Of 100. Two slips in a name of eight letters still reach it.
_LEAST_LIKENESS = 72
_LEAST_CITY_LIKENESS = 75
# What another last word costs: `Maple Rd` for `Maple St`.
_OTHER_SUFFIX = 12
_NEAR_NUMBERS = 3
_TRIED_STREETS = 40


def suggest(connection: Connection, directory: Directory, typed: ReadAddress, state: str) -> tuple[str, ...]:
    """Whole addresses that exist in the imported data and look like the typed one, best first."""
    places = _streets_nearby(connection, directory, typed)
    close = _close_streets(typed, places)
    found = lookups.with_number(connection, [row.id for row in close], typed.number)
    lines = [_line(typed.number, typed, row, state) for row in close if row.id in found]
    if not lines:
        lines = _near_numbers(connection, typed, places, state) + _elsewhere(connection, directory, typed, state)
    return tuple(dict.fromkeys(lines))[:_LIMIT]


def _elsewhere(connection: Connection, directory: Directory, typed: ReadAddress, state: str) -> list[str]:
    """The same number of a street of that name in other places, cities spelled alike first."""
    named = lookups.streets_of_name(connection, directory.jurisdiction, typed.street)
    found = lookups.with_number(connection, [row.id for row in named], typed.number)
    near = sorted((row for row in named if row.id in found), key=lambda row: -_city_likeness(row, typed))
    return [_line(typed.number, typed, row, state) for row in near]


def _streets_nearby(connection: Connection, directory: Directory, typed: ReadAddress) -> list[lookups.StreetRow]:
    """The streets of the typed ZIP code and city, and of cities spelled much like it."""
    cities, zips = [typed.city], zips_to_search(typed, directory)
    if typed.city and not directory.knows_city(typed.city) and not directory.village_zips(typed.city):
        names = [*directory.cities, *village_keys(state_of(directory.jurisdiction))]
        likely = process.extract(typed.city, names, scorer=fuzz.ratio, limit=3)
        cities = [city for city, likeness, _ in likely if likeness >= _LEAST_CITY_LIKENESS]
        zips = sorted({*zips, *(zip5 for city in cities for zip5 in directory.village_zips(city))})
    return lookups.streets_of_place(connection, directory.jurisdiction, zips, [city for city in cities if city])


def _close_streets(typed: ReadAddress, rows: list[lookups.StreetRow]) -> list[lookups.StreetRow]:
    """Streets by likeness of their names; the suffix counts little, since people mix up Street and Road."""
    scored = []
    for row in rows:
        likeness = _likeness(typed, row)
        if likeness >= _LEAST_LIKENESS:
            scored.append((likeness + (2 if row.zip == typed.zip else 0) + _city_likeness(row, typed) / 50, row))
    scored.sort(key=lambda pair: (-pair[0], pair[1].street_key, pair[1].zip))
    return [row for _, row in scored[:_TRIED_STREETS]]


def _likeness(typed: ReadAddress, row: lookups.StreetRow) -> float:
    """Of 100: by the keys, by the names as written, and by the names without their last word, whatever that is."""
    whole = fuzz.ratio(typed.street, row.street_key)
    parts = fuzz.token_set_ratio(typed.street, row.street_key) - 8
    written = fuzz.ratio(fold(typed.street_name), fold(row.name))
    mine, theirs = typed.street.rpartition(" ")[0], row.street_key.rpartition(" ")[0]
    shorter = fuzz.ratio(mine or typed.street, theirs) - _OTHER_SUFFIX if theirs else 0.0
    return max(whole, parts, written, shorter)


def _city_likeness(row: lookups.StreetRow, typed: ReadAddress) -> float:
    return fuzz.ratio(row.city_key, typed.city) if typed.city else 0.0


def _near_numbers(
    connection: Connection,
    typed: ReadAddress,
    places: Iterable[lookups.StreetRow],
    state: str,
) -> list[str]:
    """The street is right, the number is not: the nearest numbers that exist."""
    same = [row for row in places if row.street_key == typed.street]
    numbers = lookups.near_numbers(connection, [row.id for row in same], typed.number, _NEAR_NUMBERS)
    pairs = ((number, row) for number in numbers for row in same)
    return [
        _line(number, typed, row, state)
        for number, row in pairs
        if row.id in lookups.with_number(connection, [row.id], number)
    ]


def _line(number: int, typed: ReadAddress, row: lookups.StreetRow, state: str) -> str:
    """One whole address as somebody would write it."""
    city = row.city or (typed.city_name if typed.zip == row.zip else "")
    suffix = typed.suffix.upper() if number == typed.number and typed.suffix.isalpha() else ""
    return ", ".join(part for part in (f"{number}{suffix} {row.name}", city, f"{state} {row.zip}".strip()) if part)
