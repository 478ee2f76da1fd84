"""Exports: which files there are, of which letters, and what is said about them. One place for their words."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from shared.domain.days import YEARS
from shared.domain.integers import parse_integer
from shared.domain.letter_words import STATE_WORDS
from shared.domain.states import LetterState
from shared.errors import InputError

# A campaign's files that are there or being made; more would fill the disk that letters need.
MOST_FILES = 10
# Also the size up to which every ZIP is of the old kind, whose length is known before it is written.
LARGEST_BYTES = 2_000_000_000
# A ream of paper: what one person carries, prints and clips together.
LETTERS_A_FILE = 500
ROWS_A_PIECE = 2_000


class ExportKind(StrEnum):
    """What a file holds."""

    LETTERS = "letters"
    SUPPORTERS = "supporters"
    LEGISLATORS = "legislators"
    BUNDLE = "bundle"


class ExportState(StrEnum):
    """Where a file is. An expired one is deleted; the row tells who had it made."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class ExportReason(StrEnum):
    """Why there is no file (any more)."""

    NONE = ""
    NOTHING = "nothing"
    TOO_LARGE = "too_large"
    BROKE_OFF = "broke_off"
    TIME = "time"
    DELETED = "deleted"
    ERASURE = "erasure"


@dataclass(frozen=True)
class KindWords:
    """A kind's name, one sentence about it, and the name that its files end with."""

    name: str
    what: str
    ending: str


KIND_WORDS: dict[ExportKind, KindWords] = {
    ExportKind.LETTERS: KindWords(
        "Letters (CSV)",
        "One row for each letter: who wrote it, to whom, and where it is. For spreadsheets.",
        "letters.csv",
    ),
    ExportKind.SUPPORTERS: KindWords(
        "Supporters with consent (CSV)",
        "Only people who agreed to hear more, for each organization, with the words that they agreed to.",
        "supporters.csv",
    ),
    ExportKind.LEGISLATORS: KindWords(
        "Summary by legislator (CSV)",
        "One row for each office: how many letters it got, where they are, how many were answered. No personal data.",
        "legislators.csv",
    ),
    ExportKind.BUNDLE: KindWords(
        "Letters to hand over (PDF)",
        f"For each office a cover page and then every letter on paper of its own, {LETTERS_A_FILE} letters a file, in"
        " one ZIP. For delivering by hand.",
        "to-hand-over.zip",
    ),
}
REASON_WORDS: dict[ExportReason, str] = {
    ExportReason.NONE: "",
    ExportReason.NOTHING: "Nothing fits what you asked for, so there is no file.",
    ExportReason.TOO_LARGE: "It would be larger than 2 GB. Ask for it in parts: by date, by state or by office.",
    ExportReason.BROKE_OFF: "Something went wrong on our side. Ask for it again. If that fails too, tell the person who"
    " runs the server: dearrep doctor.",
    ExportReason.TIME: "Its time was over, so it was deleted.",
    ExportReason.DELETED: "Deleted by hand.",
    ExportReason.ERASURE: "Somebody in it had their data deleted. Ask for a new file: that person is not in it.",
}
# The files that hold something about persons.
PERSONAL = frozenset(ExportKind) - {ExportKind.LEGISLATORS}
# What is printed: letters with words that their supporter stands by.
PRINTED = frozenset(LetterState) - {LetterState.HELD, LetterState.CANCELLED, LetterState.QUARANTINED}
UNFINISHED = frozenset({ExportState.WAITING, ExportState.MAKING})


@dataclass(frozen=True)
class ExportFilter:
    """Only some of the letters: in one state, to one office, sent by their supporters on these days, both included."""

    letter_state: LetterState | None = None
    office_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None


def read_filter(kind: ExportKind, *, state: str, office_id: str, first_day: str, last_day: str) -> ExportFilter:
    """The filter as it was typed; raises InputError that names what is wrong and how to mend it."""
    wrong: dict[str, str] = {}
    known_state = LetterState(state) if state in set(LetterState) else None
    if state and known_state is None:
        wrong["state"] = "Choose a state from the list."
    known_office = parse_integer(office_id)
    if office_id and known_office is None:
        wrong["office_id"] = "Choose an office from the list."
    read = ExportFilter(
        known_state,
        known_office,
        _read_day("first_day", first_day, wrong),
        _read_day("last_day", last_day, wrong),
    )
    if read.first_day and read.last_day and read.first_day > read.last_day:
        wrong["last_day"] = "The last day is before the first one. Exchange them."
    if kind is ExportKind.SUPPORTERS and replace(read, first_day=None, last_day=None) != ExportFilter():
        wrong["kind"] = "Supporters with consent can be chosen by date only. Set state and office to “All”."
    if kind is ExportKind.BUNDLE and known_state is not None and known_state not in PRINTED:
        wrong["state"] = f"Letters in the state “{STATE_WORDS[known_state]}” are not handed over. Choose another state."
    if wrong:
        raise InputError(wrong)
    return read


def _read_day(field: str, typed: str, wrong: dict[str, str]) -> date | None:
    if not typed.strip():
        return None
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        wrong[field] = "Write the day as year, month and day, such as 2026-11-22."
        return None
    return day
