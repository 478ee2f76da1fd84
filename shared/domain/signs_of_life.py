"""Signs of life: what shows that the letters which a mail server accepts are not sorted out behind it.

A sign is an answer, an automatic reply or a delivery report by the office's own server, within `WITHIN` of a letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

WITHIN = timedelta(hours=72)
# What is shown and judged; a collapse stays one for so long after the last letter.
KEPT_DAYS = 60
RECENT_DAYS = 7
ALARM_DAYS = 14
# Letters are compared with so many earlier ones at least, and only if so many signs were due, or came.
_LEAST_BEFORE = 100
_LEAST_DUE = 12
_COLLAPSE = 1 / 5


@dataclass(frozen=True)
class Counted:
    """Letters that a domain accepted, and how many of them got a sign of life."""

    letters: int = 0
    with_sign: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.letters + other.letters, self.with_sign + other.with_sign)

    @property
    def share(self) -> float:
        """Of 1; 0 without letters."""
        return self.with_sign / self.letters if self.letters else 0.0

    @property
    def words(self) -> str:
        """`3 of 1,204 letters (0.2%)`."""
        noun = "letter" if self.letters == 1 else "letters"
        return f"{self.with_sign:,} of {self.letters:,} {noun} ({self.share:.1%})"


@dataclass(frozen=True)
class Collapse:
    """The latest letters of a domain, and those before them, which got more signs of life."""

    recent: Counted
    before: Counted


WHAT_IT_MAY_MEAN = (
    "The mail server accepts the letters, but the offices hardly reply anymore, not even automatically. A filter may "
    "be moving the letters to spam or quarantine."
)
WHAT_HELPS = (
    "Call one of the offices and ask whether your letters arrive. Ask the legislature’s IT office to check its filter."
)


def find_collapse(days: Sequence[Counted]) -> Collapse | None:
    """None while the latest letters get signs of life as those before did, or are too few to tell.

    `days` are the domain's, the latest one first. The latest letters are those of as few days as can tell.
    """
    for split in range(1, min(len(days), RECENT_DAYS + 1)):
        recent, before = sum(days[:split], Counted()), sum(days[split:], Counted())
        due = recent.letters * before.share
        if before.letters >= _LEAST_BEFORE and max(due, recent.with_sign) >= _LEAST_DUE:
            return Collapse(recent, before) if recent.with_sign < due * _COLLAPSE else None
    return None
