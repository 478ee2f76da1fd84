"""What a change of an office will do, in sentences, before anybody presses the last button."""

from collections.abc import Callable

from sqlalchemy import Connection

from shared.db import office_letters
from shared.domain.holds import OF_THE_OFFICE
from shared.domain.office_changes import ChangeKind
from shared.domain.states import HoldReason, LetterState
from shared.services.offices.wanted import Seat, Wanted

_LABELS = {"email": "first address", "second_email": "second address", "general_email": "office's own address"}


class _Counts:
    """Letters that wait for the office, in all campaigns."""

    def __init__(self, connection: Connection, office_id: int) -> None:
        found = office_letters.count_waiting(connection, office_id)
        held = {reason: letters for (state, reason), letters in found.items() if state == LetterState.HELD.value}
        self.leaving = sum(letters for (state, _), letters in found.items() if state != LetterState.HELD.value)
        self.for_office = sum(held.get(reason.value, 0) for reason in OF_THE_OFFICE)
        self.vacant = held.get(HoldReason.VACANT_SEAT.value, 0)
        self.otherwise = sum(held.values()) - self.for_office


def preview_change(connection: Connection, seat: Seat, wanted: Wanted) -> list[str]:
    """First what becomes of the seat, then what becomes of its letters."""
    counts = _Counts(connection, seat.office["id"])
    words = _WORDS[wanted.kind](seat, wanted, counts)
    if wanted.on > seat.today:
        words.append("Until that day nothing changes, and you can call it off.")
    if counts.otherwise and wanted.kind not in (ChangeKind.RELEASED, ChangeKind.WITHDRAWN):
        words.append(
            _say(counts.otherwise, "1 letter is held for another reason, and goes on being held.")
            or f"{counts.otherwise:,} letters are held for other reasons, and go on being held."
        )
    return words


def _address(seat: Seat, wanted: Wanted, counts: _Counts) -> list[str]:
    known = {**(seat.holder or {}), "general_email": seat.office["general_email"]}
    words = [
        f"The {label} is {wanted.details[name] or 'taken away'} from now on. Now it is {known[name] or 'none'}."
        for name, label in _LABELS.items()
        if name in wanted.details
    ]
    if seat.holder is None or not {"email", "second_email"} & wanted.details.keys():
        return [*words, "No letter goes there by itself: only held letters that you release to it."]
    first = wanted.details.get("email", "" if seat.holder["email_failed_at"] else seat.holder["email"])
    second = wanted.details.get("second_email", "" if seat.holder["second_failed_at"] else seat.holder["second_email"])
    words += _moving(counts, first or second)
    if "email" in wanted.details:
        words.append("The next import of the roster leaves your correction as it is, and tells you when it differs.")
    return words


def _vacant(seat: Seat, wanted: Wanted, counts: _Counts) -> list[str]:
    waiting = counts.leaving + counts.for_office
    words = [f"Nobody holds the seat from {_day(wanted)} on. Until then it is {seat.holder_name}."]
    if waiting:
        words.append(
            _say(waiting, "1 letter that waits now is held for the next holder, and written anew for them.")
            or f"{waiting:,} letters that wait now are held for the next holder, and written anew for them."
        )
        words.append("Their writers see that the seat is vacant, and may take their letters back.")
    return [*words, "Letters that people write meanwhile are held too. Letters that have left are not touched."]


def _seated(seat: Seat, wanted: Wanted, counts: _Counts) -> list[str]:
    name = wanted.details["name"]
    after = f" after {seat.holder_name}" if seat.holder else ""
    return [
        f"{name} holds the seat{after} from {_day(wanted)} on.",
        *_moving(counts, wanted.details["email"], f", written anew for {name}"),
        *_asking(counts),
        (
            f"When a roster names {name} too, it is followed again. One that names somebody else changes nothing, and"
            " this page says so."
        ),
    ]


def _returned(seat: Seat, _wanted: Wanted, counts: _Counts) -> list[str]:
    name, email = (seat.last["name"], seat.last["email"]) if seat.last else ("", "")
    return [f"{name} holds the seat again.", *_moving(counts, email), *_asking(counts)]


def _roster(seat: Seat, wanted: Wanted, counts: _Counts) -> list[str]:
    name, email = wanted.details["name"], wanted.details["email"]
    words = [f"{name} holds the seat with {email or 'no email address'}, as the roster says."]
    is_new = not seat.holder or seat.holder["person_id"] != wanted.details["person_id"]
    if seat.holder and is_new:
        words.append(f"{seat.holder_name} does not hold it any more.")
    return [*words, *_moving(counts, email), *(_asking(counts) if is_new else [])]


def _released(seat: Seat, _wanted: Wanted, counts: _Counts) -> list[str]:
    where = f"to {seat.office['general_email']} when due."
    return [
        _say(counts.vacant, f"1 letter that is held for the vacant seat leaves {where}")
        or f"{counts.vacant:,} letters that are held for the vacant seat leave {where}",
        f"The name in it is “for {seat.office['district']}”, because nobody holds the seat.",
        "Letters that are written later are held again. What has not left can be held back by “Undo”.",
    ]


def _withdrawn(_seat: Seat, _wanted: Wanted, counts: _Counts) -> list[str]:
    return [
        _say(counts.vacant, "1 letter that is held for the vacant seat is cancelled, and will not be sent.")
        or f"{counts.vacant:,} letters that are held for the vacant seat are cancelled, and will not be sent.",
        (
            "Their writers see that on their page, and get the usual email about a letter that did not get through,"
            " with their text in it: twelve hours later, if the campaign says nothing else. Until then “Undo” prevents"
            " it."
        ),
        "Letters that are written later are held again.",
    ]


def _moving(counts: _Counts, email: str, how: str = "") -> list[str]:
    """What becomes of letters when the office has this address, or none that works."""
    if not counts.for_office + counts.leaving:
        return ["No letter waits for this office now."]
    if not email:
        number = counts.for_office + counts.leaving
        return [_say(number, "1 letter is held: there is no address that works.") or f"{number:,} letters are held."]
    words = []
    if counts.for_office:
        words.append(
            _say(counts.for_office, f"1 letter that is held leaves to {email} when due{how}.")
            or f"{counts.for_office:,} letters that are held leave to {email} when due{how}."
        )
    if counts.leaving:
        words.append(
            _say(counts.leaving, f"1 letter that waits goes to {email}{how}.")
            or f"{counts.leaving:,} letters that wait go to {email}{how}."
        )
    return words


def _asking(counts: _Counts) -> list[str]:
    """Which of them wait for their writers instead."""
    words = (
        "Letters written for somebody else that their writers edited, or that are in a version for chosen offices,"
        " are held instead. We ask their writers by email."
    )
    return [words] if counts.for_office + counts.leaving else []


def _say(number: int, one: str) -> str:
    """The sentence for a single letter; empty for more."""
    return one if number == 1 else ""


def _day(wanted: Wanted) -> str:
    return f"{wanted.on:%B} {wanted.on.day}, {wanted.on.year}"


_WORDS: dict[ChangeKind, Callable[[Seat, Wanted, _Counts], list[str]]] = {
    ChangeKind.ADDRESS: _address,
    ChangeKind.VACANT: _vacant,
    ChangeKind.SEATED: _seated,
    ChangeKind.RETURNED: _returned,
    ChangeKind.ROSTER: _roster,
    ChangeKind.RELEASED: _released,
    ChangeKind.WITHDRAWN: _withdrawn,
}
