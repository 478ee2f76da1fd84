"""Splits a whole address written on one line into street, unit, city, state and ZIP code."""

import re

import usaddress

from shared.domain.addresses import Incomplete, read_street_line
from shared.domain.places import HomeAddress
from shared.domain.us_states import find_state

_TAIL_ZIP = re.compile(r"[\s,]+(\d{5}(?:-\d{4})?)\s*$")
_COUNTRY = re.compile(r"[\s,]+(?:usa|u\.s\.a\.|us|united states(?: of america)?)\s*$", re.IGNORECASE)
_UNIT_START = re.compile(
    r"^\s*(?:#|apt|apartment|unit|suite|ste|rm|room|fl|floor|\d+(?:st|nd|rd|th)\s+fl)", re.IGNORECASE
)
# What comes after that is not part of an address.
_LONGEST = 500
# Longer words than a code can't be part of a street by accident.
_CODE_LENGTH = 2
_LONGEST_STATE_NAME = 4  # words, as in "Commonwealth of Northern Marianas"


def split_line(line: str, default_state: str) -> HomeAddress:
    """`12 Maple St, Unit 3, Worcester, MA 01603` in its parts; what is missing stays empty."""
    rest = _COUNTRY.sub("", " ".join(line[:_LONGEST].split()))
    zip_code = ""
    if found := _TAIL_ZIP.search(rest):
        rest, zip_code = rest[: found.start()], found[1]
    rest, state = _split_state(rest.rstrip(" ,"))
    parts = [part.strip() for part in rest.split(",") if part.strip()]
    if len(parts) > 1:
        return _from_parts(parts, state or default_state, zip_code)
    return _from_words(rest, state or default_state, zip_code)


def _split_state(text: str) -> tuple[str, str]:
    """A state's code or name at the end; a town's name such as `Washington` alone is left in place."""
    words = text.replace(",", " , ").split()
    for count in range(min(_LONGEST_STATE_NAME, len(words) - 1), 0, -1):
        tail = words[-count:]
        if "," in tail:
            continue
        found = find_state(" ".join(tail))
        if found is not None and (
            len(tail[0]) > _CODE_LENGTH or tail[0].replace(".", "").isupper() or words[-count - 1] == ","
        ):
            return " ".join(words[:-count]).replace(" ,", ",").rstrip(" ,"), found.code
    return text, ""


def _from_parts(parts: list[str], state: str, zip_code: str) -> HomeAddress:
    street, *middle, city = parts
    if not middle and _UNIT_START.match(city):
        return HomeAddress(street, "", state, zip_code, city)
    unit = [part for part in middle if _UNIT_START.match(part)]
    more = [part for part in middle if part not in unit]
    return HomeAddress(", ".join([street, *more]), city, state, zip_code, " ".join(unit))


def _from_words(text: str, state: str, zip_code: str) -> HomeAddress:
    """Without commas only a trained parser can tell the street from the town."""
    try:
        tagged, _kind = usaddress.tag(f"{text}, {state} {zip_code}".strip())
    except usaddress.RepeatedLabelError:
        return HomeAddress(text, "", state, zip_code)
    city = str(tagged.get("PlaceName", ""))
    if not city or not text.endswith(city):
        return HomeAddress(text, "", state, zip_code)
    street = text[: -len(city)].strip(" ,")
    if isinstance(read_street_line(street), Incomplete) and zip_code:
        # What looks like a town is the street: `590 Fellsway 02155`.
        return HomeAddress(text, "", state, zip_code)
    return HomeAddress(street, city, state, zip_code)
