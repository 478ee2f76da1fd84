"""One office as organizers see it: who holds it, where its letters go, what was decided about it, what waits for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import office_changes, office_letters, office_pages, targets
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.letter_words import office_label
from shared.domain.office_changes import CHANGE_WORDS, ChangeKind, ChangeState
from shared.domain.office_words import Difference, Mark, find_differences, find_marks
from shared.domain.places import Chamber
from shared.domain.states import HAS_LEFT, HoldReason, LetterState
from shared.errors import NotFound
from shared.services.lookup.maps import ChamberMap, draw_district
from shared.services.offices.changes import NOT_THERE, why_not_undone
from shared.services.organizers import OrganizerSession

_CORRECTED_WORDS = {"name": "name", "party": "party", "email": "email address"}


@dataclass(frozen=True)
class Address:
    """One of an office's addresses. `works` is None for its own one, to which nothing goes by itself."""

    label: str
    email: str
    works: bool | None
    since: datetime | None = None
    words: str = ""
    is_corrected: bool = False


@dataclass(frozen=True)
class PastHolder:
    """Who held the seat, from when to when (None for now); `is_ours` by an organizer's word."""

    name: str
    party: str
    since: date
    until: date | None
    is_ours: bool


@dataclass(frozen=True)
class ChangeLine:
    """Something that an organizer decided. `why_not` says why it can't be undone, "" when it can."""

    id: int
    kind: ChangeKind
    state: ChangeState
    words: str
    on: date
    made_at: datetime
    who: str
    reason: str
    undone_by: str
    not_done: str
    why_not: str


@dataclass(frozen=True)
class CampaignLetters:
    """Letters of one campaign to the office."""

    slug: str
    title: str
    letters: int
    left: int
    waiting: int


@dataclass(frozen=True)
class OfficeView:
    """Everything that the page of an office shows. `row` is the office with its present holder."""

    row: Mapping[Any, Any]
    chamber: Chamber
    label: str
    marks: frozenset[Mark]
    addresses: tuple[Address, ...]
    differences: tuple[Difference, ...]
    corrected: tuple[str, ...]
    others: tuple[str, ...]
    history: tuple[PastHolder, ...]
    changes: tuple[ChangeLine, ...]
    campaigns: tuple[CampaignLetters, ...]
    waiting: Counter[str]
    held_vacant: int
    bounce: str
    bounce_at: datetime | None
    # False also while nobody of the whole chamber is known.
    is_vacant: bool
    map: ChamberMap | None = None


def read_office(engine: Engine, office_id: int, reader: OrganizerSession) -> OfficeView:
    """Letters are those of campaigns that the reader may see; raises NotFound."""
    with engine.connect() as connection:
        row = office_pages.read_office(connection, office_id)
        if row is None:
            raise NotFound(NOT_THERE)
        everywhere = None if reader.access.runs_installation else reader.id
        campaigns = _campaigns(office_letters.count_by_campaign(connection, office_id, everywhere))
        waiting = office_letters.count_waiting(connection, office_id, everywhere)
        view = _view(connection, row, campaigns, waiting)
    return replace(view, map=draw_district(engine, row["jurisdiction"], view.chamber, row["ocd_id"]))


def _view(
    connection: Connection,
    row: RowMapping,
    campaigns: tuple[CampaignLetters, ...],
    waiting: Mapping[tuple[str, str | None], int],
) -> OfficeView:
    bounced = office_pages.last_bounce(connection, row["id"])
    seats = office_pages.seats_of_district(connection, row["ocd_id"])
    today = targets.offices_today(connection, [row["id"]])[row["id"]]
    return OfficeView(
        row=row,
        chamber=Chamber(row["chamber"]),
        label=office_label(row["title"], row["name"] or "", row["district"]),
        marks=find_marks(row) if today.is_roster_known else frozenset(),
        addresses=_addresses(row),
        differences=find_differences(row),
        corrected=tuple(_CORRECTED_WORDS[name] for name in row["corrected"] or () if name in _CORRECTED_WORDS),
        others=tuple(one["name"] or "vacant" for one in seats if one["id"] != row["id"]),
        history=tuple(_past(one) for one in office_changes.holders(connection, row["id"])),
        changes=tuple(_change(connection, one) for one in office_changes.changes_of(connection, row["id"])),
        campaigns=campaigns,
        waiting=_waiting(waiting),
        held_vacant=waiting.get((LetterState.HELD.value, HoldReason.VACANT_SEAT.value), 0),
        bounce=CAUSE_WORDS[Cause(bounced["cause"])].what if bounced else "",
        bounce_at=bounced["state_changed_at"] if bounced else None,
        is_vacant=today.vacant,
    )


def _addresses(row: Mapping[Any, Any]) -> tuple[Address, ...]:
    words = CAUSE_WORDS[Cause(row["email_failure"] or "")].what
    found = []
    for label, name, failed in (
        ("First address", "email", "email_failed_at"),
        ("Second address", "second_email", "second_failed_at"),
    ):
        if row[name]:
            since = row[failed]
            is_corrected = name == "second_email" or name in row["corrected"]
            found.append(Address(label, row[name], since is None, since, words if since else "", is_corrected))
    if row["general_email"]:
        found.append(Address("The office's own address", row["general_email"], works=None, is_corrected=True))
    return tuple(found)


def _past(row: RowMapping) -> PastHolder:
    return PastHolder(row["name"], row["party"], row["valid_from"], row["valid_to"], row["is_ours"])


def _change(connection: Connection, row: RowMapping) -> ChangeLine:
    kind, details = ChangeKind(row["kind"]), row["details"]
    return ChangeLine(
        id=row["id"],
        kind=kind,
        state=ChangeState(row["state"]),
        words=f"{CHANGE_WORDS[kind]}{_detail_words(kind, details, row['before'])}",
        on=row["on_date"],
        made_at=row["made_at"],
        who=row["who"],
        reason=row["reason"],
        undone_by=details.get("undone_by", ""),
        not_done=details.get("not_done", ""),
        why_not=why_not_undone(connection, row),
    )


def _detail_words(kind: ChangeKind, details: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    if kind is ChangeKind.ADDRESS:
        old = _old_addresses(before)
        labels = {"email": "first", "second_email": "second", "general_email": "the office's own"}
        changes = [
            f"{label}: {old.get(name) or 'none'} → {details[name] or 'none'}"
            for name, label in labels.items()
            if name in details
        ]
        return f" ({'; '.join(changes)})"
    name = details.get("name", "")
    return f": {name}" if name else ""


def _old_addresses(before: Mapping[str, Any] | None) -> dict[str, str]:
    if before is None:
        return {}
    now: dict[str, str] = next((row for row in before["holders"] if row["valid_to"] is None), {})
    return {**now, "general_email": before["general_email"]}


def _campaigns(rows: Sequence[RowMapping]) -> tuple[CampaignLetters, ...]:
    counts: dict[tuple[str, str], Counter[LetterState]] = {}
    for row in rows:
        counts.setdefault((row["slug"], row["title"]), Counter())[LetterState(row["state"])] += row["letters"]
    return tuple(
        CampaignLetters(
            slug,
            title,
            by_state.total(),
            sum(by_state[state] for state in HAS_LEFT),
            sum(by_state[state] for state in (LetterState.HELD, LetterState.QUEUED, LetterState.DEFERRED)),
        )
        for (slug, title), by_state in counts.items()
    )


def _waiting(counts: Mapping[tuple[str, str | None], int]) -> Counter[str]:
    """By why they wait: a hold's reason, `queued` or `deferred`."""
    return Counter({reason or state: letters for (state, reason), letters in counts.items()})
