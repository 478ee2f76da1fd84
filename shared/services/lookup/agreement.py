"""Compares the districts that outside services name with those that our shapes give. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.districts import district_key
from shared.domain.phrases import phrase
from shared.domain.places import Chamber, LookupResult, LookupStatus, Office
from shared.services.lookup.directory import Directory

DISAGREE = phrase(
    "The map services we asked name different districts for this address. Please tell us which one is yours."
)


def heed_names(directory: Directory, result: LookupResult, named: Sequence[tuple[Chamber, str]]) -> LookupResult:
    """The answer, or a question with one more candidate for each district that only a service names.

    A name that none of our districts has says nothing: its spelling may be new, or its map old.
    """
    if result.status not in (LookupStatus.MATCHED, LookupStatus.DOUBTFUL):
        return result
    found = {(office.chamber, district_key(office.district)) for office in result.offices}
    chambers = {office.chamber for office in result.offices}
    stated = {(chamber, district_key(name)) for chamber, name in named if chamber in chambers}
    more = [office for place in sorted(stated - found) for office in _offices(directory, *place)]
    if not more:
        return result
    asked = result.asked | {office.chamber for office in more}
    offices = tuple(sorted((*result.offices, *more), key=lambda office: list(Chamber).index(office.chamber)))
    return replace(result, status=LookupStatus.DOUBTFUL, offices=offices, asked=asked, reason=DISAGREE)


def _offices(directory: Directory, chamber: Chamber, key: str) -> list[Office]:
    seats = (seat for district in directory.offices.values() for seat in district)
    return [seat for seat in seats if seat.chamber is chamber and district_key(seat.district) == key]
