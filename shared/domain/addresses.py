"""Reads a home address as typed into what lookups match on, or says in plain words what is missing. No I/O."""

import re
from dataclasses import dataclass, replace

from shared.domain.phrases import phrase
from shared.domain.places import HomeAddress
from shared.domain.street_names import city_key, fold, street_key
from shared.domain.street_words import (
    BARE_UNIT_SUFFIXES,
    CARDINALS,
    DIRECTIONS,
    LONE_UNIT_WORDS,
    STREET_WORDS,
    SUFFIXES,
    TENS,
    UNIT_WORDS,
)
from shared.domain.us_states import UsState, find_state, has_zip, states_of_zip

NO_STREET = phrase("Please type your street address, with the house number.")
NO_NUMBER = phrase("Please add the house number in front of the street, for example “12 Maple Street”.")
NO_STREET_NAME = phrase("Please add the name of the street after the house number.")
NO_PLACE = phrase("Please add your city or town, or your ZIP code.")
PO_BOX = phrase("A post office box has no legislators of its own. Please type the street address where you live.")
RURAL_BOX = phrase("A rural route box can't be found on a map. Please type the street address where you live.")
BAD_ZIP = phrase("A ZIP code has five digits, for example 02139.")

# Longest house number in use; longer digit strings are something else, such as a telephone number.
_MAX_NUMBER_DIGITS = 6
_MAX_PART_LENGTH = 200
_ZIP_DIGITS = 5
_TEN = 10
# A lone word such as Rear is a unit only behind a name and its suffix.
_LEAST_NAME_WORDS = 2
_PO_BOX = re.compile(
    r"\b(?:p\.?\s*o\.?|post\s*office|postal)\s*(?:box|bx)\b|^\s*(?:box|pob|pobox)\s*#?\s*\d", re.IGNORECASE
)
_RURAL = re.compile(r"^\s*(?:rr|rfd|rural\s+(?:route|rte)|hc|star\s+route)\s*#?\s*\d+.*\bbox\b", re.IGNORECASE)
_FRACTIONS = str.maketrans({"½": " 1/2", "¼": " 1/4", "¾": " 3/4"})
_NUMBER = re.compile(
    r"^\s*(?:no\.?\s*|number\s+|#\s*)?(?P<low>\d+)"
    r"(?:\s*(?:-|–|—|&|/|\bto\b)\s*(?P<high>\d+)(?!\s*/)\b(?=[\s,.]|$))?"
    r"(?P<fraction>\s+\d/\d|-\d/\d)?"
    r"(?:\s*-?\s*(?P<letter>[A-Za-z])(?=[\s,.]))?"
    r"(?P<rest>.*)$",
    re.DOTALL | re.IGNORECASE,
)
# `N6W23001` and `W225 N3178`: numbers of a grid, as in Wisconsin and around Chicago; the last one counts the houses.
_GRID = re.compile(r"^\s*(?P<first>[NSEW]?\d{1,3}\s*)?(?P<side>[NSEW])(?P<number>\d{2,6})\s+(?=\S)", re.IGNORECASE)
_ORDINAL_START = re.compile(r"^\s*\d+(?:st|nd|rd|th)\b", re.IGNORECASE)
_LEADING_UNIT = re.compile(r"^\s*(?:rear|(?:apt|unit|suite|ste)\.?\s*#?\s*\w+\s*[,;]?)\s+(?=\d)", re.IGNORECASE)
_UNIT = re.compile(
    r"[\s,;.]+(?:(?:(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|top|ground|main)\s+(?:floor|flr|fl))"
    r"|(?:" + "|".join(UNIT_WORDS) + r")\b\.?\s*#?\s*(?:\d+[A-Za-z]?|[A-Za-z]|[A-Za-z]-?\d+|\d+-[A-Za-z\d]+)"
    r"|(?:#|\bno\.?\s+|\bnumber\s+)\s*[\w-]+"
    r"|(?P<lone>" + "|".join(LONE_UNIT_WORDS) + r"))[\s.,]*$",
    re.IGNORECASE,
)
# `12 Main St 2R` and `12 Main St, 3`: behind the street's own last word, which no highway's is.
_BARE_UNIT = re.compile(
    r"(?<=[\s.])(?P<suffix>" + "|".join(BARE_UNIT_SUFFIXES) + r")(?:[\s.]+(?:\d{1,4}-?[A-Za-z]|[A-Za-z]-?\d{1,4})"
    r"|[\s.]*,\s*(?:\d{1,4}-?[A-Za-z]?|[A-Za-z]-?\d{1,4}|[^\W\d_nsew]))[\s.,]*$",
    re.IGNORECASE,
)
_NUMBERED_ROAD = re.compile(r"\b(?:county|cnty|co|state|ranch|forest|township|twp|market)\.?\s*$", re.IGNORECASE)
_HASH_UNIT = re.compile(r"(?:[\s,;]+(?:" + "|".join(UNIT_WORDS) + r")\.?)?\s*#\s*[\w-]+[\s.,]*$", re.IGNORECASE)
_ZIP = re.compile(r"^([0-9]{5})(?:[\s-]*[0-9]{4})?$")


@dataclass(frozen=True)
class ReadAddress:
    """An address as keys. `number_to` is the other end of `12-14`; `suffix` is `a` of `12A` or `1/2`.

    `street` and `city` are match keys; the names beside them are as typed, for messages; `city` or `zip` may be empty.
    """

    number: int
    number_to: int | None
    suffix: str
    street: str
    street_name: str
    city: str
    city_name: str
    zip: str


@dataclass(frozen=True)
class Incomplete:
    """Why an address can't be looked up, in words for the person who typed it."""

    reason: str


@dataclass(frozen=True)
class OutOfState:
    """The address lies in another state than the campaign's."""

    reason: str


@dataclass(frozen=True)
class StreetLine:
    """A street line in its parts; `name` as written, without number and unit."""

    number: int
    number_to: int | None
    suffix: str
    name: str


def read_address(address: HomeAddress, state: UsState) -> ReadAddress | Incomplete | OutOfState:
    """The keys of a home address in `state`, or why there are none."""
    street = address.street[:_MAX_PART_LENGTH]
    named = _named_state(address, state)
    if named is not None:
        return OutOfState(f"This address is in {named.name}, and this campaign writes to {state.name}.")
    zip5 = read_zip(address.zip, state)
    line = read_street_line(street)
    if isinstance(line, Incomplete):
        return line
    if zip5 is None:
        return Incomplete(BAD_ZIP)
    elsewhere = other_state(address, state)
    if elsewhere is not None:
        return OutOfState(f"ZIP code {zip5} is in {elsewhere.name}, and this campaign writes to {state.name}.")
    city_name = " ".join(address.city[:_MAX_PART_LENGTH].split())
    city = city_key(city_name)
    if not (city or zip5):
        return Incomplete(NO_PLACE)
    return ReadAddress(
        line.number, line.number_to, line.suffix, street_key(line.name), line.name, city, city_name, zip5
    )


def other_state(address: HomeAddress, state: UsState) -> UsState | None:
    """The state in which the address lies by its own words, if it is another one."""
    zip5 = read_zip(address.zip, state)
    elsewhere = states_of_zip(zip5) if zip5 and not has_zip(state, zip5) else ()
    return _named_state(address, state) or next(iter(elsewhere), None)


def _named_state(address: HomeAddress, state: UsState) -> UsState | None:
    named = find_state(address.state) if address.state.strip() else None
    return None if named is None or named.code == state.code else named


def read_zip(text: str, state: UsState | None = None) -> str | None:
    """Five digits; empty when nothing was typed; None when it is no ZIP code.

    Spreadsheets drop the leading zero of New England's codes: four digits get it back there.
    """
    text = text.strip()
    if not text:
        return ""
    if state and len(text) == _ZIP_DIGITS - 1 and text.isascii() and text.isdecimal() and has_zip(state, f"0{text}"):
        return f"0{text}"
    found = _ZIP.match(text)
    return found[1] if found else None


def read_street_line(text: str) -> StreetLine | Incomplete:
    """House number and street of a line such as `12-14 1/2 S. Main St., Apt 3`."""
    text = text[:_MAX_PART_LENGTH].strip()
    refused = _why_no_street(text)
    if refused:
        return Incomplete(refused)
    text = text.translate(_FRACTIONS)
    if not text[0].isdigit():
        text = _LEADING_UNIT.sub("", _spell_number(_without_building(text)))
    grid = _GRID.match(text)
    found = _NUMBER.match(f"{grid['number']} {text[grid.end() :]}" if grid else text)
    if found is None or _ORDINAL_START.match(text):
        return Incomplete(NO_NUMBER)
    if len(found["low"]) > _MAX_NUMBER_DIGITS or int(found["low"]) == 0:
        return Incomplete(NO_NUMBER)
    line = _street_line(found)
    if grid and isinstance(line, StreetLine):
        return replace(line, suffix=fold(f"{grid['first'] or ''}{grid['side']}").replace(" ", ""))
    return line


def _why_no_street(text: str) -> str:
    if not text:
        return NO_STREET
    if _PO_BOX.search(text):
        return PO_BOX
    return RURAL_BOX if _RURAL.search(text) else ""


def _without_building(text: str) -> str:
    """`Maple Tower, 12 Main St` without the name in front of the number."""
    building, comma, rest = text.partition(",")
    is_name = comma and not any(character.isdigit() for character in building)
    return rest.strip() if is_name and re.match(r"\s*\d+[A-Za-z]?\s+[A-Za-z]", rest) else text


def _spell_number(text: str) -> str:
    """`One Ashburton Place` and `Twenty-One Main St` with digits: so buildings downtown write their numbers."""
    words = text.replace("-", " ", 1).split() or [""]
    tens = TENS.get(words[0].casefold(), 0)
    ones = CARDINALS.get(words[1].casefold(), 0) if tens and len(words) > 1 else 0
    number = tens + (ones if ones < _TEN else 0) if tens else CARDINALS.get(words[0].casefold(), 0)
    rest = words[2 if tens and 0 < ones < _TEN else 1 :]
    return " ".join([str(number), *rest]) if number and len(rest) > 1 else text


def _street_line(found: re.Match[str]) -> StreetLine | Incomplete:
    letter, rest = found["letter"] or "", strip_unit(found["rest"].strip(" ,.;"))
    if letter and found.string[found.start("letter") - 1] == " " and _is_street_letter(letter, rest):
        letter, rest = "", f"{letter} {rest}"
    if not fold(rest) or not street_key(rest):
        return Incomplete(NO_STREET_NAME)
    low, high = int(found["low"]), found["high"]
    suffix = " ".join(part for part in (_fraction(found["fraction"]), letter.casefold()) if part)
    if high is None or len(high) > _MAX_NUMBER_DIGITS:
        return StreetLine(low, None, suffix, rest)
    if int(high) > low:
        return StreetLine(low, int(high), suffix, rest)
    # Queens writes `123-45`: one number, not a range.
    return StreetLine(low, None, f"-{high}", rest)


def _fraction(text: str | None) -> str:
    return (text or "").strip(" -")


def _is_street_letter(letter: str, rest: str) -> bool:
    """True for `12 E Main St` and for `12 A Street`, false for `197 A Centre Street`."""
    words = fold(rest).split()
    if letter.casefold() in "nsewo" or not words:
        return True
    return STREET_WORDS.get(words[0], words[0]) in SUFFIXES and (len(words) == 1 or words[1] in DIRECTIONS)


def strip_unit(street: str) -> str:
    """The street without `Apt 3`, `#2`, `2nd Floor`, `Rear` at its end; a name is never emptied."""
    for _ in range(3):
        street = _strip_bare_unit(street)
        found = _HASH_UNIT.search(street) or _UNIT.search(street)
        if found is None:
            return street
        shorter = street[: found.start()].strip(" ,.;")
        lone = found.groupdict().get("lone")
        if not shorter or (lone and len(fold(shorter).split()) < _LEAST_NAME_WORDS):
            return street
        street = shorter
    return street


def _strip_bare_unit(street: str) -> str:
    if "," not in street and not street[-2:-1].isdigit() and not street[-1:].isdigit():
        return street
    found = _BARE_UNIT.search(street)
    return street[: found.end("suffix")] if found and not _NUMBERED_ROAD.search(street[: found.start()]) else street
