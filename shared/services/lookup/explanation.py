"""Says in words how an address was read and why a lookup ended as it did. For organizers, not for supporters."""

from dataclasses import dataclass

from shared.domain.addresses import ReadAddress, read_address
from shared.domain.places import HomeAddress, LookupResult, LookupStatus, Match, MatchType
from shared.domain.us_states import state_of

_TYPES = {
    MatchType.POINT: "an imported address point",
    MatchType.RANGE: "a range of house numbers",
    MatchType.INTERPOLATED: "a position estimated from the house numbers of a street segment",
    MatchType.CENTROID: "the whole street, since no segment holds the number",
    MatchType.HAND_PICKED: "a choice made by a person",
    MatchType.PRACTICE: "practice data: no real legislator is written to",
}
# These lie somewhere along a street, which is no circle.
_STRETCHES = frozenset({MatchType.INTERPOLATED, MatchType.CENTROID})
_ANSWERS = {
    LookupStatus.MATCHED: "Found.",
    LookupStatus.DOUBTFUL: "A question: the supporter has to say which office is theirs.",
    LookupStatus.NO_MATCH: "Not found.",
    LookupStatus.INCOMPLETE: "Incomplete.",
    LookupStatus.OUTSIDE: "Outside.",
}


@dataclass(frozen=True)
class Step:
    """One step of a lookup: what it is, and what came of it."""

    name: str
    words: str


def explain_steps(address: HomeAddress, result: LookupResult, jurisdiction: str) -> list[Step]:
    """From the address as typed to the answer."""
    steps = [Step("Typed", address.one_line())]
    read = read_address(address, state_of(jurisdiction))
    if isinstance(read, ReadAddress):
        number = f"{read.number}{'-' + str(read.number_to) if read.number_to else ''}{read.suffix}"
        place = ", ".join(
            part
            for part in (f"city “{read.city}”" if read.city else "", f"ZIP “{read.zip}”" if read.zip else "")
            if part
        )
        steps.append(Step("Read as", f"number {number}, street “{read.street}”, {place}"))
    if result.match is not None:
        steps += _match_steps(result.match)
    return [*steps, Step("Answer", f"{_ANSWERS[result.status]} {result.reason}".strip())]


def explain(address: HomeAddress, result: LookupResult, jurisdiction: str) -> list[str]:
    """The steps, the offices and the close spellings as lines for a terminal."""
    lines = [f"{step.name}: {step.words}" for step in explain_steps(address, result, jurisdiction)]
    for office in result.offices:
        asked = " (to be asked)" if result.asks_about(office) else ""
        known = f"{office.holder or 'holder not known'}, {office.email or 'no email address'}"
        who = "vacant" if office.vacant else known
        lines.append(f"  {office.chamber.value}: {office.title}, {office.district} [{office.ocd_id}]: {who}{asked}")
    return lines + [f"  Close: {line}" for line in result.suggestions]


def _match_steps(match: Match) -> list[Step]:
    towards = " towards the nearest district edge" if match.type in _STRETCHES and match.edge_m is not None else ""
    true_to = f"true to {match.precision_m or 0:.0f} m{towards}"
    steps = [Step("Found by", f"{_TYPES[match.type]} ({match.source}), {true_to}")]
    if match.lat is not None and match.lon is not None:
        steps.append(Step("Position", f"{match.lat:.6f}, {match.lon:.6f}"))
    if match.edge_m is not None:
        steps.append(Step("Nearest district edge", f"{match.edge_m:,.0f} m away"))
    return steps
