"""The states: names, census numbers, the ZIP code areas of each. Facts only."""

from dataclasses import dataclass

from shared.errors import NotFound


@dataclass(frozen=True)
class UsState:
    """`code` two capital letters, `fips` the census number, `zips` the three-digit areas as ranges."""

    code: str
    name: str
    fips: str
    zips: tuple[tuple[int, int], ...]


_TABLE = """
AL Alabama 01 350-352 354-369
AK Alaska 02 995-999
AZ Arizona 04 850-853 855-857 859-860 863-865
AR Arkansas 05 716-729
CA California 06 900-908 910-928 930-961
CO Colorado 08 800-816
CT Connecticut 09 060-069
DE Delaware 10 197-199
DC District_of_Columbia 11 200-200 202-205 569-569
FL Florida 12 320-339 341-342 344-344 346-347 349-349
GA Georgia 13 300-319 398-399
HI Hawaii 15 967-968
ID Idaho 16 832-838
IL Illinois 17 600-620 622-629
IN Indiana 18 460-479
IA Iowa 19 500-516 520-528
KS Kansas 20 660-662 664-679
KY Kentucky 21 400-418 420-427
LA Louisiana 22 700-701 703-708 710-714
ME Maine 23 039-049
MD Maryland 24 206-212 214-219
MA Massachusetts 25 010-027 055-055
MI Michigan 26 480-499
MN Minnesota 27 550-551 553-567
MS Mississippi 28 386-397
MO Missouri 29 630-631 633-641 644-658
MT Montana 30 590-599
NE Nebraska 31 680-681 683-693
NV Nevada 32 889-891 893-895 897-898
NH New_Hampshire 33 030-038
NJ New_Jersey 34 070-089
NM New_Mexico 35 870-871 873-875 877-884
NY New_York 36 005-005 063-063 100-149
NC North_Carolina 37 270-289
ND North_Dakota 38 580-588
OH Ohio 39 430-459
OK Oklahoma 40 730-731 734-741 743-749
OR Oregon 41 970-979
PA Pennsylvania 42 150-191 193-196
RI Rhode_Island 44 028-029
SC South_Carolina 45 290-299
SD South_Dakota 46 570-577
TN Tennessee 47 370-385
TX Texas 48 733-733 750-770 772-799 885-885
UT Utah 49 840-847
VT Vermont 50 050-054 056-059
VA Virginia 51 201-201 220-246
WA Washington 53 980-986 988-994
WV West_Virginia 54 247-268
WI Wisconsin 55 530-532 534-535 537-549
WY Wyoming 56 820-831
PR Puerto_Rico 72 006-007 009-009
VI Virgin_Islands 78 008-008
GU Guam 66 969-969
AS American_Samoa 60 967-967
MP Northern_Mariana_Islands 69 969-969
"""


def _read(line: str) -> UsState:
    code, name, fips, *ranges = line.split()
    pairs = tuple((int(low), int(high)) for low, high in (r.split("-") for r in ranges))
    return UsState(code, name.replace("_", " "), fips, pairs)


STATES = {state.code: state for state in map(_read, _TABLE.strip().splitlines())}
_BY_NAME = {state.name.casefold(): state.code for state in STATES.values()} | {"mass": "MA"}


def find_state(text: str) -> UsState | None:
    """The state for `MA`, `ma`, `Massachusetts` or `Mass.`; None when there is none."""
    folded = " ".join(text.casefold().replace(".", "").split())
    code = _BY_NAME.get(folded, folded.upper())
    return STATES.get(code)


def has_zip(state: UsState, zip5: str) -> bool:
    """True when the five-digit ZIP code lies in one of the state's areas."""
    area = int(zip5[:3])
    return any(low <= area <= high for low, high in state.zips)


def states_of_zip(zip5: str) -> tuple[UsState, ...]:
    """The states whose areas hold this ZIP code, usually one."""
    return tuple(state for state in STATES.values() if has_zip(state, zip5))


def state_of(jurisdiction: str) -> UsState:
    """The state a campaign or an import names: `ma`, `MA`, or an Open Civic Data id ending in `state:ma`."""
    code = jurisdiction.removesuffix("/government").rpartition(":")[2]
    state = find_state(code)
    if state is None:
        raise NotFound(f"“{jurisdiction}” is not a state. Give its two letters, for example ma.")
    return state
