"""When a crowd's letters are out: pure arithmetic over pace and office hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from shared.domain.days import day_in
from shared.domain.office_hours import OfficeHours
from shared.domain.pace import Pace, seconds_to_empty

# Beyond this nobody needs to know the day.
_FARTHEST_DAYS = 365


def crowd_done_at(
    pace: Pace, letters: int, *, begins_at: datetime, arrives_s: float, hours: OfficeHours | None
) -> datetime | None:
    """When the last of `letters` that come within `arrives_s` has left; None while no pace is known."""
    needed_s = seconds_to_empty(pace, letters)
    if needed_s is None:
        return None
    # They can't leave before they have come.
    return max(
        sending_ends(begins_at, needed_s, hours), sending_ends(begins_at + timedelta(seconds=arrives_s), 0, hours)
    )


def sending_ends(begins_at: datetime, needed_s: float, hours: OfficeHours | None) -> datetime:
    """`needed_s` seconds of sending later, with the offices' closed hours left out."""
    if hours is None:
        return begins_at + timedelta(seconds=min(needed_s, _FARTHEST_DAYS * 86_400))
    at, left_s = hours.next_opening(begins_at) or begins_at, needed_s
    for _ in range(_FARTHEST_DAYS):
        closes = _at(at, hours.closes, hours)
        today_s = (closes - at).total_seconds()
        if left_s <= today_s:
            return at + timedelta(seconds=left_s)
        left_s -= today_s
        at = hours.next_opening(closes) or closes
    return at


def _at(day: datetime, clock: time, hours: OfficeHours) -> datetime:
    return datetime.combine(day_in(hours.zone, day), clock, hours.zone)


@dataclass(frozen=True)
class Queue:
    """Letters that wait for one receiving domain.

    The last of them is due at `last_due`; nothing goes there before `free_at`; None where it does not matter.
    """

    letters: int
    pace: Pace
    last_due: datetime | None = None
    free_at: datetime | None = None
    hours: OfficeHours | None = None


def queues_empty_at(queues: Iterable[Queue], at: datetime) -> datetime | None:
    """When the last letter of the slowest queue has left; None while one of the paces is not known yet."""
    ends = [at]
    for queue in queues:
        needed_s = seconds_to_empty(queue.pace, queue.letters)
        if needed_s is None:
            return None
        ends.append(sending_ends(max(at, queue.free_at or at), needed_s, queue.hours))
        # They can't leave before they are due.
        ends.append(sending_ends(max(at, queue.last_due or at), 0, queue.hours))
    return max(ends)
