"""A change that an organizer is about to make, or to undo: the office as it is, and what will happen."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from shared.domain.letter_words import office_label
from shared.domain.office_changes import CHANGE_WORDS, ChangeKind, ChangeState
from shared.errors import NotAllowed
from shared.services.offices.changes import find_change, read_seat, why_not_undone
from shared.services.offices.preview import preview_change
from shared.services.offices.wanted import Seat, Wanted, check_possible, read_wanted


@dataclass(frozen=True)
class AskedChange:
    """The office that is about to be changed."""

    office_id: int
    label: str
    kind: ChangeKind
    seat: Seat

    def preview(self, engine: Engine, typed: Mapping[str, str]) -> tuple[Wanted, list[str]]:
        """The change, and what it will do; raises InputError or NotAllowed."""
        with engine.begin() as connection:
            seat = read_seat(connection, self.office_id)
            wanted = read_wanted(self.kind, typed, seat)
            return wanted, preview_change(connection, seat, wanted)


@dataclass(frozen=True)
class AskedUndo:
    """The change that is about to be undone."""

    office_id: int
    change_id: int
    label: str
    words: str
    kind: ChangeKind
    is_planned: bool


def ask_change(engine: Engine, office_id: int, kind: ChangeKind) -> AskedChange:
    """Raises NotFound, or NotAllowed when the office does not allow it now."""
    with engine.begin() as connection:
        seat = read_seat(connection, office_id)
    check_possible(kind, seat)
    return AskedChange(office_id, _label(seat), kind, seat)


def ask_undo(engine: Engine, office_id: int, change_id: int) -> AskedUndo:
    """Raises NotFound, or NotAllowed with the reason."""
    with engine.begin() as connection:
        seat = read_seat(connection, office_id)
        row = find_change(connection, office_id, change_id)
        reason = why_not_undone(connection, row)
    if reason:
        raise NotAllowed(reason)
    kind = ChangeKind(row["kind"])
    is_planned = row["state"] == ChangeState.PLANNED
    return AskedUndo(office_id, change_id, _label(seat), CHANGE_WORDS[kind], kind, is_planned)


def _label(seat: Seat) -> str:
    return office_label(seat.office["title"], seat.holder_name, seat.office["district"])
