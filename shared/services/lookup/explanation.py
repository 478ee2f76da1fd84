"""Says in words how an address was read and why a lookup ended as it did. For organizers, not for supporters."""

from shared.domain.addresses import ReadAddress, read_address
from shared.domain.places import HomeAddress, LookupResult, MatchType
from shared.domain.us_states import state_of

_TYPES = {
    MatchType.POINT: "an imported address point",
    MatchType.RANGE: "a range of house numbers",
    MatchType.INTERPOLATED: "a position estimated from the house numbers of a street segment",
    MatchType.CENTROID: "the whole street, since no segment holds the number",
    MatchType.HAND_PICKED: "a choice made by a person",
    MatchType.PRACTICE: "practice data: no real legislator is written to",
}


def explain(address: HomeAddress, result: LookupResult, jurisdiction: str) -> list[str]:
    """Lines that follow the lookup step by step."""
    read = read_address(address, state_of(jurisdiction))
    lines = [f"Typed: {address.one_line()}"]
    if isinstance(read, ReadAddress):
        number = f"{read.number}{'-' + str(read.number_to) if read.number_to else ''}{read.suffix}"
        lines.append(f"Read as: number {number}, street “{read.street}”, city “{read.city}”, ZIP “{read.zip}”")
    match = result.match
    if match is not None:
        lines.append(f"Found by: {_TYPES[match.type]} ({match.source}), true to {match.precision_m:.0f} m")
    if match is not None and match.lat is not None:
        lines.append(f"Position: {match.lat:.6f}, {match.lon:.6f}")
    if match is not None and match.edge_m is not None:
        lines.append(f"Nearest district edge: {match.edge_m:.0f} m away")
    lines.append(f"Answer: {result.status.value}. {result.reason}".strip())
    for office in result.offices:
        asked = " (to be asked)" if result.asks_about(office) else ""
        known = f"{office.holder or 'holder not known'}, {office.email or 'no email address'}"
        who = "vacant" if office.vacant else known
        lines.append(f"  {office.chamber.value}: {office.title}, {office.district} [{office.ocd_id}]: {who}{asked}")
    return lines + [f"  Close: {line}" for line in result.suggestions]
