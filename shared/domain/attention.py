"""One group of what needs attention: what is wrong in plain words, and the one thing, at most two, to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.bulk import BulkAction
from shared.domain.letter_filter import EVERY_LETTER, LetterFilter


class Way(StrEnum):
    """Where a move leads: a change of all its letters, or a page where the trouble is mended or seen."""

    BULK = "bulk"
    ADDRESS = "address"
    OFFICE = "office"
    PEOPLE = "people"
    DELIVERY = "delivery"
    LETTERS = "letters"


@dataclass(frozen=True)
class Move:
    """One button. `action` for a change of letters, `office` for an office's page."""

    words: str
    way: Way = Way.BULK
    action: BulkAction | None = None
    office: int = 0


@dataclass(frozen=True)
class Group:
    """`count` letters, or people, in one trouble; `quote` is what a mail server said. `key` names it on the page.

    `resolve` marks all of it as dealt with; None where one of the moves does, or nothing has to be done. With
    `is_watched` nobody has to do anything, and may want to know.
    """

    key: str
    title: str
    text: str
    count: int
    moves: tuple[Move, ...]
    wanted: LetterFilter = EVERY_LETTER
    quote: str = ""
    icon: str = "warn"
    resolve: Move | None = None
    is_watched: bool = False
    is_of_people: bool = False


@dataclass(frozen=True)
class Attention:
    """All groups, most letters first, those that are only watched last. `is_cut` when not all letters were grouped."""

    groups: tuple[Group, ...] = ()
    is_cut: bool = False

    @property
    def letters(self) -> int:
        """Letters that somebody has to look at."""
        return sum(group.count for group in self.groups if not group.is_watched and not group.is_of_people)


def noun(count: int, one: str = "letter", many: str = "") -> str:
    """`1 letter`, `1,024 letters`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
