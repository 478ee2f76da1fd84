"""Names of districts as different files write them, and their Open Civic Data ids. Pure: no I/O."""

import re

from shared.domain.places import Chamber
from shared.domain.street_names import fold
from shared.domain.street_words import ONES, ORDINALS, TENS, ordinal
from shared.domain.us_states import UsState

_FILLER = frozenset(
    [
        "district",
        "state",
        "house",
        "senate",
        "assembly",
        "delegate",
        "delegates",
        "general",
        "court",
        "representative",
        "senatorial",
        "legislative",
        "legislature",
        "of",
        "the",
        "and",
        "congressional",
        "county",
        "ward",
        "no",
        "number",
        "subdistrict",
        "us",
    ]
)
_SHOWN_FILLER = re.compile(
    r"\b(?:(?:state|general|legislative|congressional) ?)?"
    r"(?:(?:house|senate|assembly|delegate|senatorial|representative|legislative|congressional) ?)?"
    r"\b(?:sub)?district\b(?: no\.?)?",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
_AT_LARGE = re.compile(r"at[\s-]*large|^0+$", re.IGNORECASE)
# The Census' code for a delegate of the whole area. Several state houses have a district of this number.
_CONGRESS_AT_LARGE = frozenset({"at large", "al", "98"})
AT_LARGE = "At-Large"
_TYPES = {Chamber.LOWER: "sldl", Chamber.UPPER: "sldu", Chamber.CONGRESS: "cd"}


def district_key(name: str) -> str:
    """What all spellings of a district's name share within a chamber: `State House District 05` -> `5`."""
    if _AT_LARGE.search(name.strip()):
        return "at large"
    words = [word for word in fold(name.replace("-", " ")).split() if word not in _FILLER]
    words = _number_words(words)
    if len(words) == 1 and (found := _ORDINAL.match(words[0])):
        return found[1]
    return " ".join(word.lstrip("0") or "0" for word in words)


def _number_words(words: list[str]) -> list[str]:
    """`twenty first` and `first` as `21st` and `1st`."""
    done: list[str] = []
    for word in words:
        if done and done[-1] in TENS and word in ORDINALS:
            done[-1] = ordinal(TENS[done[-1]] + ONES.get(word, 0))
        else:
            done.append(ORDINALS.get(word, word))
    return done


def district_name(name: str, chamber: Chamber) -> str:
    """A district's name for people, without the words that only say that it is one: `1st Barnstable`, `5`."""
    if chamber is Chamber.CONGRESS or name.strip().isdigit():
        key = district_key(name.rpartition("-")[2] if chamber is Chamber.CONGRESS else name)
        is_at_large = key in _CONGRESS_AT_LARGE if chamber is Chamber.CONGRESS else key == "at large"
        return AT_LARGE if is_at_large else key
    if district_key(name) == "at large":
        return AT_LARGE
    shown = " ".join(_SHOWN_FILLER.sub(" ", " ".join(name.split())).split())
    return shown.lstrip("0") or name.strip()


def division_id(state: UsState, chamber: Chamber, name: str) -> str:
    """The Open Civic Data id by convention, for files that carry none."""
    plain = name.casefold().replace("&", "and").replace(",", "").replace("'", "")
    slug = "_".join(_number_words(re.sub(r"[^\w~.-]+", " ", plain).split()))
    code = state.code.lower()
    if state.code == "DC":
        base, kind = "ocd-division/country:us/district:dc", "ward" if chamber is not Chamber.CONGRESS else "cd"
        slug = slug.removeprefix("ward_")
    else:
        area = "territory" if state.code in ("PR", "VI", "GU", "AS", "MP") else "state"
        base, kind = f"ocd-division/country:us/{area}:{code}", _TYPES[chamber]
    return f"{base}/{kind}:{slug}"
