"""The list of a state's offices: searched, filtered, page by page, and how old what we know of them is."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from shared import clock
from shared.db import import_reports, office_pages
from shared.db.engine import at_once
from shared.domain.office_changes import OLD_ROSTER_DAYS
from shared.domain.office_words import CHAMBER_NAMES, Mark, district_order, find_marks
from shared.domain.places import Chamber
from shared.domain.street_names import fold
from shared.domain.us_states import STATES, UsState
from shared.services.offices.towns import districts_of_town

PAGE_SIZE = 50
_ORDER = list(Chamber)


@dataclass(frozen=True)
class OfficeLine:
    """One seat in the list."""

    id: int
    chamber: Chamber
    district: str
    ocd_id: str
    title: str
    seat: int
    holder: str
    party: str
    email: str
    second_email: str
    marks: frozenset[Mark]
    # False while no member of the whole chamber is known: then a seat without a holder says nothing.
    is_roster_known: bool


@dataclass(frozen=True)
class Source:
    """The last import of something: from where, when, how many lines; `is_old` when it should be done again."""

    source: str
    at: datetime
    rows: int
    is_old: bool
    warnings: tuple[str, ...]
    run_id: int


@dataclass(frozen=True)
class ChamberAge:
    """What we know of a chamber, and since when."""

    chamber: Chamber
    seats: int
    held: int
    districts: int
    roster: Source | None
    shapes: Source | None


@dataclass(frozen=True)
class Sought:
    """What is looked for; everything for none of it."""

    chamber: Chamber | None = None
    mark: Mark | None = None
    words: str = ""


@dataclass(frozen=True)
class OfficePage:
    """One page. `after` begins the next one, `back` the one before (0 for the first), None where there is none."""

    lines: tuple[OfficeLine, ...]
    found: int
    marks: Counter[Mark]
    chambers: Counter[Chamber]
    after: int | None
    back: int | None
    town: str


def known_states(engine: Engine) -> list[UsState]:
    """States of which there is any real office."""
    with at_once(engine) as connection:
        codes = dict.fromkeys(row["jurisdiction"].upper() for row in import_reports.count_seats(connection))
    return [STATES[code] for code in codes if code in STATES]


def list_offices(engine: Engine, state: UsState, sought: Sought, after: int = 0) -> OfficePage:
    """The offices that fit, House before Senate, by district; those behind the office `after`."""
    jurisdiction = state.code.lower()
    with at_once(engine) as connection:
        rows = office_pages.list_offices(connection, jurisdiction)
    rosters = {row["chamber"] for row in rows if row["holder_id"] is not None}
    lines = sorted((_line(row, rosters) for row in rows), key=_place)
    named = [line for line in lines if _fits(line, sought.words)]
    town = ""
    if sought.words and not named:
        in_town = districts_of_town(engine, jurisdiction, sought.words)
        named, town = [line for line in lines if line.ocd_id in in_town], sought.words if in_town else ""
    of_chamber = [line for line in named if sought.chamber in (None, line.chamber)]
    found = [line for line in of_chamber if sought.mark is None or sought.mark in line.marks]
    begun = next((_place(line) for line in lines if line.id == after), None)
    start = sum(_place(line) <= begun for line in found) if begun else 0
    shown = found[start : start + PAGE_SIZE]
    return OfficePage(
        tuple(shown),
        len(found),
        Counter(mark for line in of_chamber for mark in line.marks),
        Counter(line.chamber for line in named),
        after=shown[-1].id if start + PAGE_SIZE < len(found) else None,
        back=None if not start else found[start - PAGE_SIZE - 1].id if start > PAGE_SIZE else 0,
        town=town,
    )


def data_ages(engine: Engine, state: UsState) -> list[ChamberAge]:
    """One for each chamber of which there is any seat."""
    jurisdiction = state.code.lower()
    with at_once(engine) as connection:
        counts = [row for row in import_reports.count_seats(connection) if row["jurisdiction"] == jurisdiction]
        rosters = _newest(connection, jurisdiction, "legislators")
        shapes = _newest(connection, jurisdiction, "districts")
    ages = [
        ChamberAge(
            Chamber(row["chamber"]),
            row["seats"],
            row["held"],
            row["districts"],
            rosters.get(row["chamber"]),
            shapes.get(row["chamber"]),
        )
        for row in counts
    ]
    return sorted(ages, key=lambda age: _ORDER.index(age.chamber))


def _newest(connection: Connection, jurisdiction: str, kind: str) -> dict[str, Source]:
    """By chamber. Runs from before chambers were noted count for all of them."""
    found: dict[str, Source] = {}
    for row in reversed(import_reports.last_runs(connection, jurisdiction, kind)):
        for chamber in row["report"].get("chambers") or tuple(CHAMBER_NAMES):
            found[chamber] = read_source(row)
    return found


def read_source(row: Mapping[Any, Any]) -> Source:
    """A run as the source of what we know."""
    is_old = row["kind"] == "legislators" and clock.now() - row["finished_at"] > timedelta(days=OLD_ROSTER_DAYS)
    report = row["report"]
    warnings = () if report.get("settled_by") else tuple(report.get("warnings", ()))
    return Source(row["source"], row["finished_at"], report.get("read", 0), is_old, warnings, row["id"])


def _line(row: Mapping[Any, Any], rosters: Collection[str]) -> OfficeLine:
    is_roster_known = row["chamber"] in rosters
    return OfficeLine(
        id=row["id"],
        chamber=Chamber(row["chamber"]),
        district=row["district"],
        ocd_id=row["ocd_id"],
        title=row["title"],
        seat=row["seat"],
        holder=row["name"] or "",
        party=row["party"] or "",
        email=row["email"] or "",
        second_email=row["second_email"] or "",
        marks=find_marks(row) if is_roster_known else frozenset(),
        is_roster_known=is_roster_known,
    )


def _place(line: OfficeLine) -> tuple[Any, ...]:
    return _ORDER.index(line.chamber), *district_order(line.district), line.seat, line.id


def _fits(line: OfficeLine, words: str) -> bool:
    """Every word begins one of the office's words; an email may be found by any part of it."""
    texts = (line.holder, line.district, line.title, CHAMBER_NAMES[line.chamber], line.party)
    known = fold(" ".join(texts)).split()
    emails = f"{line.email} {line.second_email}".lower()
    return all(_is_known(word, known) or word.lower() in emails for word in words.split())


def _is_known(word: str, known: Iterable[str]) -> bool:
    parts = fold(word).split()
    return bool(parts) and all(any(one.startswith(part) for one in known) for part in parts)
