"""Turns positions into an answer: the districts' offices, or the question which of several is right. Pure."""

from collections.abc import Sequence

from shared.domain.phrases import phrase
from shared.domain.places import Chamber, LookupResult, LookupStatus, Match, Office
from shared.services.lookup.chain import Position
from shared.services.lookup.directory import Directory
from shared.services.lookup.district_index import ChamberPlace

NEAR_EDGE = phrase("This address lies close to the line between two districts. Please tell us which one is yours.")
SEVERAL = phrase("There are several such addresses, in different districts. Please tell us which one is yours.")
OUTSIDE = "This address lies outside all districts of {state}."


def answer(
    directory: Directory, chambers: Sequence[Chamber], positions: Sequence[Position], state_name: str
) -> LookupResult:
    """`matched` when every position, with its error, lies in one district of each chamber; else `doubtful`."""
    places = [directory.index.near(one.lat, one.lon, one.error_m, chambers, one.area) for one in positions]
    districts = {chamber: _possible(chamber, places) for chamber in chambers}
    match = _match(positions[0], [place for found in places for place in found.values()])
    if not any(districts.values()):
        return LookupResult(LookupStatus.OUTSIDE, match, reason=OUTSIDE.format(state=state_name))
    certain = {chamber: _certain(chamber, places) for chamber in chambers}
    asked = frozenset(c for c, ids in districts.items() if len(ids) > 1 and not certain[c].issuperset(ids))
    offices = tuple(seat for chamber in chambers for seat in _seats(directory, chamber, districts[chamber]))
    if not asked:
        return LookupResult(LookupStatus.MATCHED, match, offices)
    sure = frozenset().union(*certain.values())
    reason = SEVERAL if len(positions) > 1 else NEAR_EDGE
    return LookupResult(
        LookupStatus.DOUBTFUL,
        match,
        offices,
        asked,
        certain=frozenset(seat.office_id for seat in offices if seat.ocd_id in sure),
        reason=reason,
    )


def _possible(chamber: Chamber, places: Sequence[dict[Chamber, ChamberPlace]]) -> list[str]:
    """The districts that any of the positions may lie in, in a stable order."""
    return list(dict.fromkeys(ocd_id for found in places if chamber in found for ocd_id in found[chamber].ocd_ids))


def _certain(chamber: Chamber, places: Sequence[dict[Chamber, ChamberPlace]]) -> frozenset[str]:
    """The districts that all positions lie in for sure."""
    return frozenset.intersection(*(found[chamber].certain if chamber in found else frozenset() for found in places))


def _seats(directory: Directory, chamber: Chamber, ocd_ids: Sequence[str]) -> list[Office]:
    seats = [seat for ocd_id in ocd_ids for seat in directory.offices.get(ocd_id, ())]
    return [*seats, *directory.at_large.get(chamber, ())]


def _match(position: Position, places: Sequence[ChamberPlace]) -> Match:
    """The first position; its error towards the nearest edge, where the house's whole stretch ends before that edge."""
    edge_m = min((place.edge_m for place in places if place.edge_m is not None), default=None)
    clear_m = min((place.clear_m for place in places if place.clear_m is not None), default=0.0)
    error_m = position.error_m if edge_m is None or not clear_m else edge_m - clear_m
    rounded = None if edge_m is None else round(edge_m, 1)
    return Match(position.type, position.source, round(error_m, 1), rounded, position.lat, position.lon)
