"""Where the parts of the chart of letters over time stand: bars, a line, an axis, marks. A template draws them.

Plain arithmetic in the SVG's own units; words for times come from the caller's columns in their time zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase
from zoneinfo import ZoneInfo

from shared.domain.happenings import Moment
from shared.domain.shades import nice_top
from shared.domain.tallies import Column, Span

WIDTH, HEIGHT = 640.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 636.0, 30.0, 222.0
_GAP = 0.22
_LABELS = 4
# More marks than this would hide the letters.
_MOST_MARKS, _MARK_WIDTH = 8, 32.0


@dataclass(frozen=True)
class Bar:
    """One column: letters that left with those that failed on top. Heights are 0 where there are none."""

    x: float
    width: float
    sent_y: float
    sent_height: float
    failed_y: float
    failed_height: float


@dataclass(frozen=True)
class Tick:
    """A line of the axis, or a word below it, at `at`."""

    at: float
    words: str


@dataclass(frozen=True)
class Line:
    """What happened, and when."""

    at: str
    words: str


@dataclass(frozen=True)
class Mark:
    """A letter above the column in which these things happened."""

    at: float
    letter: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Row:
    """One line of the table beside the chart."""

    words: str
    written: int
    sent: int
    failed: int


@dataclass(frozen=True)
class FlowChart:
    """All of it. `line` is the path of the letters that were submitted; `rows` begin with the newest."""

    bars: tuple[Bar, ...]
    line: str
    levels: tuple[Tick, ...]
    times: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    rows: tuple[Row, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


def draw_flow(found: Sequence[Column], moments: Sequence[Moment], span: Span, zone: ZoneInfo) -> FlowChart:
    """The chart of these columns; what happened before the first of them is left out."""
    top = nice_top(max(max(one.written, one.sent + one.failed) for one in found))
    step = (_RIGHT - _LEFT) / len(found)
    scale = (_BOTTOM - _TOP) / top
    return FlowChart(
        bars=tuple(_bar(one, _LEFT + place * step, step, scale) for place, one in enumerate(found)),
        line=_line(found, step, scale),
        levels=_levels(top, scale),
        times=_times(found, step, span, zone),
        marks=_marks(found, moments, step, span, zone),
        rows=tuple(
            Row(full_words(one.start, span, zone), one.written, one.sent, one.failed)
            for one in reversed(found)
            if not one.is_empty
        ),
    )


def full_words(at: datetime, span: Span, zone: ZoneInfo) -> str:
    """`10:42 am`, `Monday, 10 am`, `Monday, November 2`."""
    local = at.astimezone(zone)
    if span is Span.DAY:
        return f"{local:%A, %B} {local.day}"
    hour = f"{local:%I:%M %p}".lstrip("0").lower()
    return hour if span is Span.MINUTE else f"{local:%A}, {hour.replace(':00', '')}"


def _bar(one: Column, x: float, step: float, scale: float) -> Bar:
    sent, failed = one.sent * scale, one.failed * scale
    return Bar(
        x=round(x + step * _GAP / 2, 1),
        width=round(step * (1 - _GAP), 1),
        sent_y=round(_BOTTOM - sent, 1),
        sent_height=round(sent, 1),
        failed_y=round(_BOTTOM - sent - failed, 1),
        failed_height=round(failed, 1),
    )


def _line(found: Sequence[Column], step: float, scale: float) -> str:
    if not any(one.written for one in found):
        return ""
    points = (
        f"{_LEFT + (place + 0.5) * step:.1f} {_BOTTOM - one.written * scale:.1f}" for place, one in enumerate(found)
    )
    return "M" + "L".join(points)


def _levels(top: int, scale: float) -> tuple[Tick, ...]:
    parts = next(parts for parts in (4, 3, 5, 2, 1) if top % parts == 0)
    return tuple(
        Tick(round(_BOTTOM - top * number / parts * scale, 1), f"{top * number // parts:,}")
        for number in range(parts + 1)
    )


def _times(found: Sequence[Column], step: float, span: Span, zone: ZoneInfo) -> tuple[Tick, ...]:
    places = range(0, len(found), len(found) // _LABELS)
    ticks = [
        Tick(round(_LEFT + (place + 0.5) * step, 1), _short_words(found[place].start, span, zone)) for place in places
    ]
    return (*ticks[:_LABELS], Tick(_RIGHT, "today" if span is Span.DAY else "now"))


def _short_words(at: datetime, span: Span, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    if span is Span.DAY:
        return f"{local:%b} {local.day}"
    return (
        full_words(at, Span.MINUTE, zone)
        if span is Span.MINUTE
        else f"{local:%a} {int(f'{local:%I}')} {f'{local:%p}'.lower()}"
    )


def _marks(
    found: Sequence[Column], moments: Sequence[Moment], step: float, span: Span, zone: ZoneInfo
) -> tuple[Mark, ...]:
    """What happened close together shares a letter; the latest ones stay when there are too many."""
    groups: list[tuple[float, list[Moment]]] = []
    for one in moments:
        place = max((place for place, column in enumerate(found) if column.start <= one.at), default=None)
        if place is None:
            continue
        at = round(_LEFT + (place + 0.5) * step, 1)
        if groups and at - groups[-1][0] < _MARK_WIDTH:
            groups[-1][1].append(one)
        else:
            groups.append((at, [one]))
    return tuple(
        Mark(at, letter, tuple(Line(_moment_words(one.at, span, zone), one.words) for one in happened))
        for letter, (at, happened) in zip(ascii_uppercase, groups[-_MOST_MARKS:], strict=False)
    )


def _moment_words(at: datetime, span: Span, zone: ZoneInfo) -> str:
    clock, local = full_words(at, Span.MINUTE, zone), at.astimezone(zone)
    return {Span.MINUTE: clock, Span.HOUR: f"{local:%a} {clock}", Span.DAY: f"{local:%b} {local.day}"}[span]
