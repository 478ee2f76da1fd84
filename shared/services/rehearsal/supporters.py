"""A supporter who lives in each district, and what the lookup answers for them. Reads only, and nobody is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from shared.db import directory as store
from shared.domain.campaigns import Campaign
from shared.domain.places import Chamber, LookupResult, LookupStatus, MatchType
from shared.domain.rehearsals import Finding, Item, Kind
from shared.domain.us_states import state_of
from shared.services.lookup.answer import answer
from shared.services.lookup.chain import POINT_ERROR_M, Position
from shared.services.lookup.directory import Directory, load_directory
from shared.services.lookup.practice import practice_offices

_NAMES = {Chamber.LOWER: "House", Chamber.UPPER: "Senate", Chamber.CONGRESS: "Congress"}
# Degrees: how exact the middle of a district has to be.
_TOLERANCE = 0.001


@dataclass(frozen=True)
class Supporter:
    """Somebody in a district, and the offices that the lookup gives them, by id."""

    place: str
    office_ids: tuple[int, ...]


@dataclass(frozen=True)
class Crowd:
    """All of them, what the lookup could not do, and how many districts each chamber has."""

    supporters: tuple[Supporter, ...]
    findings: tuple[Finding, ...]
    districts: dict[Chamber, int]


def find_crowd(engine: Engine, campaign: Campaign) -> Crowd:
    """One supporter in every district of the campaign's chambers; one with practice offices where nothing is known."""
    state = state_of(campaign.jurisdiction)
    with engine.connect() as connection:
        directory = load_directory(connection, state.code.lower())
        rows = store.current_districts(connection, state.code.lower())
        has_holders = store.is_complete(connection, state.code.lower(), without_addresses=True)
    if not has_holders:
        seats = practice_offices(engine, state, campaign.chambers)
        missing = Finding(Kind.PRACTICE, (Item(state.name, "no districts with legislators are imported"),))
        supporter = Supporter("practice district", tuple(seat.office_id for seat in seats))
        return Crowd((supporter,), (missing,), dict.fromkeys(campaign.chambers, 1))
    wanted = [row for row in rows if row.chamber in campaign.chambers]
    results = [(row, _look_up(directory, campaign.chambers, row.shape, state.name)) for row in wanted]
    findings = [_missing_chambers(directory, campaign.chambers), *_lookup_findings(directory, results)]
    if not directory.is_real:
        findings.append(Finding(Kind.NO_ADDRESSES, (Item(state.name, "no streets or addresses are imported"),)))
    counts = {chamber: sum(row.chamber is chamber for row in wanted) for chamber in campaign.chambers}
    supporters = tuple(
        Supporter(_label(row), tuple(seat.office_id for seat in result.offices if not result.asks_about(seat)))
        for row, result in results
    )
    return Crowd(supporters, tuple(one for one in findings if one.items), counts)


def _look_up(directory: Directory, chambers: Sequence[Chamber], shape: bytes, state_name: str) -> LookupResult:
    """What the lookup says to a surveyed address in the district; of a few points the first clear answer."""
    for point in _points(shapely.from_wkb(shape)):
        position = Position(MatchType.POINT, "rehearsal", point.y, point.x, POINT_ERROR_M)
        result = answer(directory, chambers, [position], state_name)
        if result.status is LookupStatus.MATCHED:
            break
    return result


def _points(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    """Points inside: one that is quick to find, then the one farthest from the district's own edge, then some between.

    The line of another chamber may run through any of them.
    """
    yield shapely.point_on_surface(shape)
    # A line from the middle to the edge, so that every point of it is inside.
    radius = shapely.maximum_inscribed_circle(shape, tolerance=_TOLERANCE)
    for share in (0.0, 0.4, 0.7):
        yield shapely.line_interpolate_point(radius, share, normalized=True)


def _missing_chambers(directory: Directory, chambers: Sequence[Chamber]) -> Finding:
    missing = [chamber for chamber in chambers if chamber not in directory.index.chambers]
    return Finding(Kind.NO_DISTRICTS, tuple(Item(_NAMES[chamber]) for chamber in missing))


def _lookup_findings(
    directory: Directory, results: Sequence[tuple[store.DistrictRow, LookupResult]]
) -> tuple[Finding, Finding]:
    lost, asked = [], []
    for row, result in results:
        has_seat = row.ocd_id in directory.offices or row.chamber in directory.at_large
        if not has_seat or not result.offices:
            lost.append(Item(_label(row), "no seat is known" if not has_seat else result.reason))
        elif result.status is LookupStatus.DOUBTFUL:
            names = ", ".join(dict.fromkeys(one.district for one in result.offices if result.asks_about(one)))
            asked.append(Item(_label(row), f"asked to choose: {names}"))
    return Finding(Kind.NOT_FOUND, tuple(lost)), Finding(Kind.DOUBTFUL, tuple(asked))


def _label(row: store.DistrictRow) -> str:
    return f"{_NAMES[row.chamber]}: {row.name}"
