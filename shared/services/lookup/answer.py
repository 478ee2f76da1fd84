"""Turns positions into an answer: the districts' offices, or the question which of several is right. Pure."""

from collections.abc import Sequence

from shared.domain.places import Chamber, LookupResult, LookupStatus, Match, Office
from shared.services.lookup.chain import Position
from shared.services.lookup.directory import Directory

NEAR_EDGE = "This address lies close to the line between two districts. Please tell us which one is yours."
SEVERAL = "There are several such addresses, in different districts. Please tell us which one is yours."
OUTSIDE = "This address lies outside all districts of {state}."


def answer(
    directory: Directory, chambers: Sequence[Chamber], positions: Sequence[Position], state_name: str
) -> LookupResult:
    """`matched` when every position, with its error, lies in one district of each chamber; else `doubtful`."""
    districts: dict[Chamber, dict[str, None]] = {chamber: {} for chamber in chambers}
    edges: list[float] = []
    for position in positions:
        places = directory.index.near(position.lat, position.lon, position.error_m, chambers)
        for chamber, place in places.items():
            districts[chamber].update(dict.fromkeys(place.ocd_ids))
            if place.edge_m is not None:
                edges.append(place.edge_m)
    match = _match(positions[0], min(edges, default=None))
    if not any(districts.values()):
        return LookupResult(LookupStatus.OUTSIDE, match, reason=OUTSIDE.format(state=state_name))
    asked = frozenset(chamber for chamber, ids in districts.items() if len(ids) > 1)
    offices = tuple(seat for chamber in chambers for seat in _seats(directory, chamber, districts[chamber]))
    if asked:
        reason = SEVERAL if len(positions) > 1 else NEAR_EDGE
        return LookupResult(LookupStatus.DOUBTFUL, match, offices, asked, reason=reason)
    return LookupResult(LookupStatus.MATCHED, match, offices)


def _seats(directory: Directory, chamber: Chamber, ocd_ids: dict[str, None]) -> list[Office]:
    seats = [seat for ocd_id in ocd_ids for seat in directory.offices.get(ocd_id, ())]
    return [*seats, *directory.at_large.get(chamber, ())]


def _match(position: Position, edge_m: float | None) -> Match:
    rounded = None if edge_m is None else round(edge_m, 1)
    return Match(position.type, position.source, position.error_m, rounded, position.lat, position.lon)
