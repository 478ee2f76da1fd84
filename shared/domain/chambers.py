"""What the chambers of each state are called. Facts only; the common case is House and Senate."""

from dataclasses import dataclass

from shared.domain.places import Chamber

_ASSEMBLIES = frozenset({"CA", "NV", "NJ", "NY", "WI"})
_LOWER_TITLES = {
    "CA": "Assemblymember",
    "MD": "Delegate",
    "NJ": "Assembly Member",
    "NV": "Assembly Member",
    "NY": "Assembly Member",
    "VA": "Delegate",
    "WV": "Delegate",
}
_UPPER_TITLES = {"DC": "Councilmember", "GU": "Senator"}
# One chamber only; Open States and the Census file it with the upper ones.
UNICAMERAL = frozenset({"NE", "DC", "GU", "VI"})
# Every district of these chambers elects two, except those with a letter behind the number (one each).
_TWO_SEATS = frozenset(
    {
        ("AZ", Chamber.LOWER),
        ("NJ", Chamber.LOWER),
        ("WA", Chamber.LOWER),
        ("ND", Chamber.LOWER),
        ("SD", Chamber.LOWER),
        ("WV", Chamber.UPPER),
    }
)
_LEGISLATURES = {
    "General Assembly": "AR CO CT DE GA IL IN IA KY MD MO NC OH PA RI SC TN VT VA",
    "General Court": "MA NH",
    "Legislative Assembly": "ND OR",
    "State Legislature": "AK AZ CA HI KS MN NY SD UT WA WI",
}
_LEGISLATURE_NAMES = {code: name for name, codes in _LEGISLATURES.items() for code in codes.split()} | {
    "DC": "Council of the District of Columbia"
}
_CHAMBER_WORDS = {
    "lower": Chamber.LOWER,
    "house": Chamber.LOWER,
    "assembly": Chamber.LOWER,
    "upper": Chamber.UPPER,
    "senate": Chamber.UPPER,
    "legislature": Chamber.UPPER,
    "unicameral": Chamber.UPPER,
    "congress": Chamber.CONGRESS,
    "us_house": Chamber.CONGRESS,
}


@dataclass(frozen=True)
class ChamberFacts:
    """`title` of a member, `name` of the chamber, `seats` a district fills when nothing else is known."""

    title: str
    name: str
    seats: int


def chamber_facts(state_code: str, chamber: Chamber, district: str = "") -> ChamberFacts:
    """Titles and names for a chamber of a state; `district` decides the number of seats."""
    if chamber is Chamber.CONGRESS:
        return ChamberFacts("U.S. Representative", "U.S. House of Representatives", 1)
    seats = 2 if (state_code, chamber) in _TWO_SEATS and not district[-1:].isalpha() else 1
    if chamber is Chamber.UPPER:
        name = legislature_name(state_code) if state_code in UNICAMERAL else "Senate"
        return ChamberFacts(_UPPER_TITLES.get(state_code, "Senator"), name, seats)
    name = "Assembly" if state_code in _ASSEMBLIES else "House"
    return ChamberFacts(_LOWER_TITLES.get(state_code, "Representative"), name, seats)


def legislature_name(state_code: str) -> str:
    """`General Court`, `Legislature`, as the state calls its own, without the state's name."""
    return _LEGISLATURE_NAMES.get(state_code, "Legislature")


def find_chamber(word: str) -> Chamber | None:
    """The chamber for the words that data files use for it; None when it is none of them."""
    return _CHAMBER_WORDS.get(word.strip().casefold())
