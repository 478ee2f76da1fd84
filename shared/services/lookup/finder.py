"""The lookup: reads the address, asks own data first, and never takes an office on resemblance alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from shared.db import directory as store
from shared.db.lookups import find_points
from shared.domain.addresses import Incomplete, OutOfState, ReadAddress, read_address
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus, Match, MatchType
from shared.domain.us_states import UsState, state_of
from shared.providers.geocoders import choose_geocoders
from shared.services.lookup.answer import answer
from shared.services.lookup.chain import Found, find_ranges, pick_points
from shared.services.lookup.directory import Directory, current_directory, renewed_directory
from shared.services.lookup.practice import practice_offices
from shared.services.lookup.remote import RemoteAnswer, ask_geocoders
from shared.services.lookup.suggestions import suggest
from shared.settings import Settings

NOT_FOUND = "We could not find this address. Please check the house number, the street, the city and the ZIP code."
STILL_LOOKING = "We are still looking for this address: the map services we ask don't answer just now."
CONTRADICTION = "The city and the ZIP code don't belong together. Please choose the address that is yours."


class LookupDesk:
    """Lookups in one state over one connection: for many in a row. Not to be shared by threads."""

    def __init__(self, engine: Engine, connection: Connection, settings: Settings, jurisdiction: str) -> None:
        self._engine, self._connection, self._settings = engine, connection, settings
        self._state = state_of(jurisdiction)

    @property
    def rosters(self) -> frozenset[Chamber]:
        """The chambers whose members are known: only there does a seat without a holder mean that it is vacant."""
        return current_directory(self._engine, self._connection, self._state.code.lower()).rosters

    def find(self, chambers: Sequence[Chamber], address: HomeAddress, *, remote: bool = True) -> LookupResult:
        """Finds the offices of `chambers` for a home address."""
        typed = read_address(address, self._state)
        if isinstance(typed, Incomplete):
            return LookupResult(LookupStatus.INCOMPLETE, reason=typed.reason)
        if isinstance(typed, OutOfState):
            return LookupResult(LookupStatus.OUTSIDE, reason=typed.reason)
        directory, found = _find(self._engine, self._connection, self._state, typed)
        if not directory.is_real:
            return _practice(self._engine, self._state, chambers)
        asked = RemoteAnswer()
        if remote and not found.positions:
            asked = ask_geocoders(choose_geocoders(self._settings.geocoders), address, typed, self._state)
            found = Found(asked.positions)
        return _result(self._connection, directory, self._state, chambers, typed, found, asked)


@contextmanager
def open_desk(engine: Engine, settings: Settings, jurisdiction: str) -> Iterator[LookupDesk]:
    """A desk for as long as the block runs. No transaction is open between its queries."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield LookupDesk(engine, connection, settings, jurisdiction)


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
    with open_desk(engine, settings, jurisdiction) as desk:
        return desk.find(chambers, address, remote=remote)


def has_real_directory(connection: Connection, jurisdiction: str) -> bool:
    """True when real districts, holders and addresses are there; False means practice offices."""
    return store.is_complete(connection, state_of(jurisdiction).code.lower())


def _find(engine: Engine, connection: Connection, state: UsState, typed: ReadAddress) -> tuple[Directory, Found]:
    jurisdiction = state.code.lower()
    directory = current_directory(engine, connection, jurisdiction)
    numbers = (typed.number, typed.number_to or typed.number)
    version, rows = find_points(connection, jurisdiction, typed.street, numbers, zip5=typed.zip, city=typed.city)
    if directory.version != version or version[0] is None:
        directory = renewed_directory(engine, connection, jurisdiction, version)
    if not directory.is_real:
        return directory, Found()
    found = pick_points(rows, directory, typed)
    return directory, found if found.positions else find_ranges(connection, directory, typed)


def _result(
    connection: Connection,
    directory: Directory,
    state: UsState,
    chambers: Sequence[Chamber],
    typed: ReadAddress,
    found: Found,
    asked: RemoteAnswer,
) -> LookupResult:
    if found.positions and not found.ask:
        return answer(directory, chambers, found.positions, state.name)
    if asked.retry_in_s is not None:
        return LookupResult(LookupStatus.NO_MATCH, reason=STILL_LOOKING, retry_in_s=asked.retry_in_s)
    close = (*suggest(connection, directory, typed, state.code), *asked.others)
    reason = CONTRADICTION if found.ask else NOT_FOUND
    return LookupResult(LookupStatus.NO_MATCH, suggestions=tuple(dict.fromkeys(close)), reason=reason)


def _practice(engine: Engine, state: UsState, chambers: Sequence[Chamber]) -> LookupResult:
    match = Match(MatchType.PRACTICE, "practice data", 0.0, None, None, None)
    return LookupResult(LookupStatus.MATCHED, match, practice_offices(engine, state, chambers))
