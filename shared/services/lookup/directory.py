"""One state's directory in memory: districts, offices with holders, known places. Rebuilt when an import happened."""

import ctypes
import threading
import time
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from shared.db import directory as store
from shared.db.engine import snapshot
from shared.db.lookups import Version, known_places
from shared.domain.districts import district_key
from shared.domain.places import Chamber, Office
from shared.domain.us_states import state_of
from shared.domain.villages import village_zips
from shared.services.lookup.answer_cache import AnswerCache
from shared.services.lookup.district_index import DistrictIndex


@dataclass(frozen=True)
class Directory:
    """What a process knows about a state; immutable, so that threads share it."""

    jurisdiction: str
    version: Version
    is_real: bool
    index: DistrictIndex
    offices: dict[str, tuple[Office, ...]]
    # Members elected by the whole state, who have no district shape.
    at_large: dict[Chamber, tuple[Office, ...]]
    places: frozenset[tuple[str, str]]
    cities: dict[str, str]
    # A new directory begins with an empty cache, so that no answer outlives the data it was made from.
    answers: AnswerCache = field(default_factory=AnswerCache)

    @property
    def is_versioned(self) -> bool:
        """False when the rows were written by hand, without an import: then nothing tells when they change."""
        return self.version[0] is not None

    def knows_city(self, city: str) -> bool:
        """True for the key of a city that occurs in the imported addresses."""
        return city in self.cities

    def village_zips(self, city: str) -> frozenset[str]:
        """The ZIP codes of a village by its city key; empty for anything else."""
        return village_zips(state_of(self.jurisdiction), city)


@dataclass
class _Loaded:
    """A directory, and when the database last confirmed that it is the newest (monotonic seconds)."""

    directory: Directory
    confirmed_at: float


# Cached answers are given without asking the database for this long after it confirmed the directory.
CONFIRMED_FOR_S = 1.0
# Per engine, so that two databases in one process (tests do it) never mix.
_LOADED: WeakKeyDictionary[Engine, dict[str, _Loaded]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def confirmed_directory(engine: Engine, jurisdiction: str) -> Directory | None:
    """The directory when the database has confirmed it within the last second."""
    loaded = _LOADED.get(engine, {}).get(jurisdiction)
    if loaded is None or time.monotonic() - loaded.confirmed_at > CONFIRMED_FOR_S:
        return None
    return loaded.directory


def current_directory(engine: Engine, connection: Connection, jurisdiction: str) -> Directory:
    """The directory as this process has it; `renewed_directory` brings it up to date."""
    loaded = _LOADED.get(engine, {}).get(jurisdiction)
    if loaded is not None:
        return loaded.directory
    with _LOCK:
        # All threads of a new process ask at once; one loads, the others wait for it.
        loaded = _LOADED.get(engine, {}).get(jurisdiction)
        return loaded.directory if loaded is not None else _load(engine, connection, jurisdiction)


def renewed_directory(engine: Engine, connection: Connection, jurisdiction: str, version: Version) -> Directory:
    """The directory of this version, which was just read; loaded once however many threads ask."""
    with _LOCK:
        loaded = _LOADED.get(engine, {}).get(jurisdiction)
        if loaded is not None and loaded.directory.is_versioned and loaded.directory.version == version:
            loaded.confirmed_at = time.monotonic()
            return loaded.directory
        return _load(engine, connection, jurisdiction)


def _load(engine: Engine, connection: Connection, jurisdiction: str) -> Directory:
    confirmed_at = time.monotonic()
    fresh = load_directory(connection, jurisdiction)
    _give_back_memory()
    _LOADED.setdefault(engine, {})[jurisdiction] = _Loaded(fresh, confirmed_at)
    return fresh


def _give_back_memory() -> None:
    """Loading takes more than what stays, and the C library keeps the rest unless it is asked; not every one can be."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def load_directory(connection: Connection, jurisdiction: str) -> Directory:
    """Reads everything from the database as it is at one moment, whatever imports commit meanwhile."""
    with snapshot(connection.engine) as reading:
        return _read_directory(reading, jurisdiction)


def _read_directory(connection: Connection, jurisdiction: str) -> Directory:
    version = store.directory_version(connection, jurisdiction)
    districts = store.current_districts(connection, jurisdiction)
    offices: dict[str, tuple[Office, ...]] = {}
    at_large: dict[Chamber, tuple[Office, ...]] = {}
    shaped = {row.ocd_id for row in districts}
    rows = store.current_offices(connection, jurisdiction)
    rosters = frozenset(row.chamber for row in rows if row.holder_id is not None)
    for seat in (replace(as_office(row), is_roster_known=row.chamber in rosters) for row in rows):
        offices[seat.ocd_id] = (*offices.get(seat.ocd_id, ()), seat)
        if seat.ocd_id not in shaped and district_key(seat.district) == "at large":
            at_large[seat.chamber] = (*at_large.get(seat.chamber, ()), seat)
    places, cities = known_places(connection, jurisdiction)
    index = DistrictIndex((row.chamber, row.ocd_id, row.shape) for row in districts)
    is_real = store.is_complete(connection, jurisdiction)
    return Directory(jurisdiction, version, is_real, index, offices, at_large, frozenset(places), cities)


def as_office(row: store.OfficeRow) -> Office:
    """A stored seat as the value that pages and letters use."""
    return Office(
        office_id=row.id,
        chamber=row.chamber,
        district=row.district,
        ocd_id=row.ocd_id,
        title=row.title,
        holder_id=row.holder_id,
        holder=row.name,
        email=row.email,
        phone=row.phone,
        party=row.party,
        is_practice=row.is_practice,
    )
