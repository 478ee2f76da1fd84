"""A campaign's letters counted by office and by time: what its pictures show. Each letter is counted once.

It counts when it came to where it is now: sent when a mail server took it, failed when that was known. So the parts
add up to the states that the dashboard shows, also after letters have bounced or were sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.domain.days import day_in
from shared.domain.states import FAILED, LetterState
from shared.domain.transport import Transport

# Accepted by a mail server, and not come back.
OUT = frozenset({LetterState.SENT, LetterState.DELIVERED})
LOST = FAILED | {LetterState.QUARANTINED}
_MINUTE_S, _HOUR_S = 60, 3_600


class Kind(StrEnum):
    """What is counted by time; `written` letters by when Send was pressed."""

    WRITTEN = "written"
    SENT = "sent"
    FAILED = "failed"


class Span(StrEnum):
    """What a column of the chart stands for."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


COLUMNS = {Span.MINUTE: 60, Span.HOUR: 48, Span.DAY: 30}


@dataclass(frozen=True)
class Waiting:
    """Letters that are queued or deferred, and when the last of them is due."""

    letters: int
    last_due: datetime


@dataclass(frozen=True)
class Tally:
    """`offices` by id and state; `times` by the second (since 1970) at which a minute, an hour or a day begins.

    Minutes go back an hour at least, hours three days, both from the count; whatever is older is kept by days of the
    campaign's time zone. `waiting` by transport and receiving domain.
    """

    offices: Mapping[int, Mapping[LetterState, int]] = field(default_factory=dict)
    times: Mapping[Kind, Mapping[int, int]] = field(default_factory=dict)
    waiting: Mapping[tuple[Transport, str], Waiting] = field(default_factory=dict)

    def total(self, kind: Kind) -> int:
        """Letters of the kind over all times."""
        return sum(self.times.get(kind, {}).values())


@dataclass(frozen=True)
class Column:
    """A minute, an hour or a day from `start` on."""

    start: datetime
    written: int
    sent: int
    failed: int

    @property
    def is_empty(self) -> bool:
        """True when nothing happened."""
        return not (self.written or self.sent or self.failed)


def columns(tally: Tally, span: Span, until: datetime, zone: ZoneInfo) -> list[Column]:
    """The chart's columns, oldest first; the last one contains `until`, the moment of the count."""
    starts = _starts(span, until, zone)
    places = {int(start.timestamp()): place for place, start in enumerate(starts)}
    counts = {kind: [0] * len(starts) for kind in Kind}
    for kind, series in tally.times.items():
        for second, letters in series.items():
            place = places.get(int(_floor(datetime.fromtimestamp(second, UTC), span, zone).timestamp()))
            if place is not None:
                counts[kind][place] += letters
    return [
        Column(start, *(counts[kind][place] for kind in (Kind.WRITTEN, Kind.SENT, Kind.FAILED)))
        for place, start in enumerate(starts)
    ]


def choose_span(tally: Tally, until: datetime) -> Span:
    """Minutes while something happens, hours after two quiet days at most, else days."""
    newest = max((second for series in tally.times.values() for second in series), default=0)
    quiet_s = until.timestamp() - newest
    if not newest or quiet_s < COLUMNS[Span.MINUTE] * _MINUTE_S:
        return Span.MINUTE
    return Span.HOUR if quiet_s < COLUMNS[Span.HOUR] * _HOUR_S else Span.DAY


def _starts(span: Span, until: datetime, zone: ZoneInfo) -> list[datetime]:
    last, count = _floor(until, span, zone), COLUMNS[span]
    if span is Span.DAY:
        newest = day_in(zone, last)
        days = [newest - timedelta(days=back) for back in reversed(range(count))]
        return [_midnight(day, zone) for day in days]
    step = timedelta(seconds=_MINUTE_S if span is Span.MINUTE else _HOUR_S)
    return [last - back * step for back in reversed(range(count))]


def _floor(at: datetime, span: Span, zone: ZoneInfo) -> datetime:
    if span is Span.DAY:
        return _midnight(day_in(zone, at), zone)
    step = _MINUTE_S if span is Span.MINUTE else _HOUR_S
    return datetime.fromtimestamp(at.timestamp() // step * step, UTC)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
