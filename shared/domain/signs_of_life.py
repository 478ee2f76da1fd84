"""Signs of life: what shows that the letters which a mail server accepts are not filtered out behind it.

A sign is an answer, an automatic reply, or a delivery report by the office's own server. Letters are counted `WITHIN`
that time after they left, by mailbox: some offices always reply automatically, others never do.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WITHIN = timedelta(hours=72)
# Letters are counted together that left within so long.
BUCKET = timedelta(hours=6)
SHOWN_DAYS = 60
KEPT_DAYS = 120
# The latest letters are those of so long at most.
RECENT = timedelta(days=7)
# An alarm ends so long after the last letter.
ALARM_DAYS = 14
# A mailbox has a past after so many letters.
_LEAST_LETTERS = 10
# So many signs must have been due, or must have come, before letters are judged. With so many due, chance alone brings
# fewer than a fifth once in 300,000 times.
_LEAST_DUE = 20
# One office may have switched off its automatic reply.
_LEAST_MAILBOXES = 3
_COLLAPSE = 1 / 5
_RECOVERY = 1 / 2


@dataclass(frozen=True)
class Counted:
    """Letters that were accepted, and how many of them got a sign of life."""

    letters: int = 0
    with_sign: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.letters + other.letters, self.with_sign + other.with_sign)

    @property
    def words(self) -> str:
        """`3 of 1,204 letters (0.2%)`."""
        noun = "letter" if self.letters == 1 else "letters"
        share = self.with_sign / self.letters if self.letters else 0.0
        return f"{self.with_sign:,} of {self.letters:,} {noun} ({share:.1%})"


@dataclass(frozen=True)
class Bucket:
    """Letters that left for one mailbox from `since` on, for as long as `BUCKET`."""

    mailbox: str
    since: datetime
    counted: Counted


@dataclass(frozen=True)
class Collapse:
    """The letters that left since `began` and how many signs were due for them, by what their mailboxes did before."""

    began: datetime
    recent: Counted
    due: int

    @property
    def words(self) -> str:
        """`3 of 1,204 letters (0.2%), where earlier letters lead us to expect about 180`."""
        return f"{self.recent.words}, where earlier letters lead us to expect about {self.due:,}"


@dataclass(frozen=True)
class _Judged:
    """Letters to mailboxes that have a past. `silent` mailboxes stopped replying."""

    recent: Counted
    due: float
    silent: int

    @property
    def can_tell(self) -> bool:
        return max(self.due, self.recent.with_sign) >= _LEAST_DUE

    @property
    def has_collapsed(self) -> bool:
        return self.recent.with_sign < self.due * _COLLAPSE and self.silent >= _LEAST_MAILBOXES


WHAT_IT_MAY_MEAN = (
    "The mail server accepts the letters, but the offices hardly reply anymore, not even automatically. A filter may "
    "be moving the letters to spam or quarantine."
)
WHAT_HELPS = (
    "First check that bounces and replies still come in here. Then call one of the offices and ask whether your "
    "letters arrive, and ask the legislature’s IT office to check its filter."
)


def find_collapse(buckets: Sequence[Bucket]) -> Collapse | None:
    """None while a domain's latest letters get signs as those before did, or are too few to tell.

    The latest letters are those of as short a time as can tell.
    """
    times = sorted({one.since for one in buckets}, reverse=True)
    for began in (time for time in times[:-1] if times[0] - time < RECENT):
        judged = _judge(buckets, began)
        if judged.can_tell:
            return Collapse(began, judged.recent, round(judged.due)) if judged.has_collapsed else None
    return None


def still_collapsed(buckets: Sequence[Bucket], began: datetime) -> Collapse | None:
    """The collapse that began then, as it is now; None once the latest letters get signs again."""
    times = sorted({one.since for one in buckets if one.since >= began}, reverse=True)
    for since in times:
        judged = _judge([one for one in buckets if one.since < began or one.since >= since], since)
        if judged.can_tell:
            if judged.recent.with_sign >= judged.due * _RECOVERY:
                return None
            break
    whole = _judge(buckets, began)
    return Collapse(began, whole.recent, round(whole.due))


def _judge(buckets: Sequence[Bucket], began: datetime) -> _Judged:
    before: defaultdict[str, Counted] = defaultdict(Counted)
    recent: defaultdict[str, Counted] = defaultdict(Counted)
    for one in buckets:
        times = recent if one.since >= began else before
        times[one.mailbox] += one.counted
    due: dict[str, float] = {}
    judged = Counted()
    for mailbox, counted in recent.items():
        if before[mailbox].letters >= _LEAST_LETTERS:
            # Two letters more, so that a mailbox that happened to reply to all of a few is not sure to do so.
            due[mailbox] = counted.letters * before[mailbox].with_sign / (before[mailbox].letters + 2)
            judged += counted
    silent = sum(one >= 1 and recent[mailbox].with_sign < one * _COLLAPSE for mailbox, one in due.items())
    return _Judged(judged, sum(due.values()), silent)
