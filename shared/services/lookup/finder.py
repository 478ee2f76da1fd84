"""The lookup: reads the address, asks own data first, and never takes an office on resemblance alone.

No connection is held while an outside geocoder is asked.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from shared.db import directory as store
from shared.db.engine import at_once
from shared.db.lookups import PointQuestion, PointRow, find_points
from shared.domain.addresses import Incomplete, OutOfState, ReadAddress, read_address
from shared.domain.phrases import phrase
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus, Match, MatchType
from shared.domain.us_states import UsState, state_of
from shared.providers.geocoders import choose_geocoders
from shared.services.lookup.agreement import heed_names
from shared.services.lookup.answer import answer
from shared.services.lookup.answer_cache import REMOTE_LIFETIME_S
from shared.services.lookup.chain import Found, find_ranges, pick_points
from shared.services.lookup.directory import (
    Directory,
    confirmed_directory,
    current_directory,
    renewed_directory,
)
from shared.services.lookup.evidence import zips_to_search
from shared.services.lookup.practice import practice_offices
from shared.services.lookup.remote import RemoteAnswer, ask_geocoders
from shared.services.lookup.suggestions import suggest
from shared.settings import Settings

NOT_FOUND = phrase(
    "We could not find this address. Please check the house number, the street, the city and the ZIP code."
)
STILL_LOOKING = phrase("We are still looking for this address: the map services we ask don't answer just now.")
CONTRADICTION = phrase("The city and the ZIP code don't belong together. Please choose the address that is yours.")


@dataclass(frozen=True)
class _Asked:
    """One address of a batch: where its answer belongs, as typed, as read, and its key in the cache."""

    position: int
    address: HomeAddress
    typed: ReadAddress
    key: Hashable


def look_up(
    engine: Engine,
    settings: Settings,
    jurisdiction: str,
    chambers: Sequence[Chamber],
    address: HomeAddress,
    *,
    remote: bool = True,
) -> LookupResult:
    """Finds the offices of `chambers` for a home address in the jurisdiction (`ma`). Safe in several threads."""
    return look_up_many(engine, settings, jurisdiction, chambers, [address], remote=remote)[0]


def look_up_many(
    engine: Engine,
    settings: Settings,
    jurisdiction: str,
    chambers: Sequence[Chamber],
    addresses: Sequence[HomeAddress],
    *,
    remote: bool = True,
) -> list[LookupResult]:
    """The same for many at once, in their order: own data are asked in one query for all of them."""
    state = state_of(jurisdiction)
    results: dict[int, LookupResult] = {}
    geocoders = settings.geocoders if remote else ""
    asked = _read(addresses, state, (tuple(chambers), geocoders), results)
    directory = confirmed_directory(engine, state.code.lower())
    if directory is not None:
        asked = _remembered(directory, asked, results)
    if asked:
        unanswered = _ask_own_data(engine, state, chambers, asked, results)
        for one, found in unanswered:
            results[one.position] = _ask_further(engine, geocoders, state, chambers, one, found)
    return [results[position] for position in range(len(addresses))]


def has_real_directory(connection: Connection, jurisdiction: str) -> bool:
    """True when real districts, holders and addresses are there; False means practice offices."""
    return store.is_complete(connection, state_of(jurisdiction).code.lower())


def _read(
    addresses: Sequence[HomeAddress], state: UsState, way: Hashable, results: dict[int, LookupResult]
) -> list[_Asked]:
    """The addresses that can be looked up; the others have their answer at once."""
    asked = []
    for position, address in enumerate(addresses):
        typed = read_address(address, state)
        if isinstance(typed, Incomplete):
            results[position] = LookupResult(LookupStatus.INCOMPLETE, reason=typed.reason)
        elif isinstance(typed, OutOfState):
            results[position] = LookupResult(LookupStatus.OUTSIDE, reason=typed.reason)
        else:
            asked.append(_Asked(position, address, typed, (typed, way)))
    return asked


def _remembered(directory: Directory, asked: list[_Asked], results: dict[int, LookupResult]) -> list[_Asked]:
    """Fills in what the cache knows; returns the rest."""
    rest = []
    for one in asked:
        found = directory.answers.get(one.key)
        if found is None:
            rest.append(one)
        else:
            results[one.position] = found
    return rest


def _ask_own_data(
    engine: Engine,
    state: UsState,
    chambers: Sequence[Chamber],
    asked: Sequence[_Asked],
    results: dict[int, LookupResult],
) -> list[tuple[_Asked, Found]]:
    """Answers by address points and street ranges; returns what they leave open."""
    with at_once(engine) as connection:
        directory, rows = _find(engine, connection, state, asked)
        if not directory.is_real:
            practice = _practice(engine, state, chambers)
            results.update({one.position: practice for one in asked})
            return []
        left = []
        for one, points in zip(asked, rows, strict=True):
            found = pick_points(points, directory, one.typed)
            if not found.positions:
                found = find_ranges(connection, directory, one.typed)
            if found.positions and not found.ask:
                results[one.position] = answer(directory, chambers, found.positions, state.name)
                _remember(directory, one, results[one.position])
            else:
                left.append((one, found))
    return left


def _find(
    engine: Engine, connection: Connection, state: UsState, asked: Sequence[_Asked]
) -> tuple[Directory, list[list[PointRow]]]:
    """The newest directory, and the address points of all that were asked."""
    jurisdiction = state.code.lower()
    known = current_directory(engine, connection, jurisdiction)
    questions = [
        PointQuestion(
            one.typed.street,
            zips_to_search(one.typed, known),
            one.typed.city,
            one.typed.number,
            one.typed.number_to or one.typed.number,
        )
        for one in asked
    ]
    version, rows = find_points(connection, jurisdiction, questions)
    return renewed_directory(engine, connection, jurisdiction, version), rows


def _ask_further(
    engine: Engine, geocoders: str, state: UsState, chambers: Sequence[Chamber], one: _Asked, found: Found
) -> LookupResult:
    """Outside geocoders, then close spellings."""
    said = RemoteAnswer()
    if geocoders and not found.positions:
        with at_once(engine) as connection:
            index = current_directory(engine, connection, state.code.lower()).index
        said = ask_geocoders(choose_geocoders(geocoders), one.address, one.typed, state, index)
    if said.retry_in_s is not None:
        return LookupResult(LookupStatus.NO_MATCH, reason=STILL_LOOKING, retry_in_s=said.retry_in_s)
    with at_once(engine) as connection:
        directory = current_directory(engine, connection, state.code.lower())
        if said.positions:
            result = heed_names(directory, answer(directory, chambers, said.positions, state.name), said.named)
        else:
            close = (*suggest(connection, directory, one.typed, state.code), *said.others)
            reason = CONTRADICTION if found.ask else NOT_FOUND
            result = LookupResult(LookupStatus.NO_MATCH, suggestions=tuple(dict.fromkeys(close)), reason=reason)
    _remember(directory, one, result, lifetime_s=REMOTE_LIFETIME_S)
    return result


def _remember(directory: Directory, one: _Asked, result: LookupResult, *, lifetime_s: float | None = None) -> None:
    if directory.is_versioned:
        directory.answers.put(one.key, result, lifetime_s=lifetime_s)


def _practice(engine: Engine, state: UsState, chambers: Sequence[Chamber]) -> LookupResult:
    match = Match(MatchType.PRACTICE, "practice data", 0.0, None, None, None)
    return LookupResult(LookupStatus.MATCHED, match, practice_offices(engine, state, chambers))
