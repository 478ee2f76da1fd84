"""Counts over time, classes of counts, and the chart made of them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from shared.domain.happenings import Moment
from shared.domain.shades import make_shades, nice_top, shade_of
from shared.domain.tallies import Kind, Span, Tally, choose_span, columns
from shared.rendering.flow_chart import draw_flow

BOSTON = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 23, 15, 42, 30, tzinfo=UTC)


def second(**ago: float) -> int:
    return int((NOW.replace(second=0) - timedelta(**ago)).timestamp())


def test_older_minutes_are_the_hours_of_others() -> None:
    """Minutes and whole hours of the same hour come together."""
    hour = int(NOW.replace(hour=14, minute=0, second=0).timestamp())
    tally = Tally(times={Kind.SENT: {second(minutes=1): 2, hour + 120: 3, hour: 4}})
    found = columns(tally, Span.HOUR, NOW, BOSTON)
    assert [one.sent for one in found[-2:]] == [7, 2]
    assert sum(one.sent for one in columns(tally, Span.DAY, NOW, BOSTON)) == 9
    assert columns(tally, Span.MINUTE, NOW, BOSTON)[-2].sent == 2


def test_days_begin_at_midnight_of_the_campaigns_zone_also_when_clocks_change() -> None:
    """The first of November 2026 had 25 hours."""
    late = datetime(2026, 11, 1, 23, 30, tzinfo=BOSTON)
    early = datetime(2026, 11, 1, 0, 0, tzinfo=BOSTON)
    tally = Tally(times={Kind.WRITTEN: {int(early.timestamp()): 1, int(late.timestamp()): 2}})
    found = {one.start.date().day: one.written for one in columns(tally, Span.DAY, NOW, BOSTON) if one.written}
    assert found == {1: 3}


@pytest.mark.parametrize(
    ("ago", "span"),
    [({"minutes": 50}, Span.MINUTE), ({"hours": 20}, Span.HOUR), ({"days": 9}, Span.DAY)],
)
def test_the_span_is_one_that_shows_something(ago: dict[str, float], span: Span) -> None:
    assert choose_span(Tally(times={Kind.SENT: {second(**ago): 1}}), NOW) is span


def test_nothing_yet_is_shown_by_minutes() -> None:
    assert choose_span(Tally(), NOW) is Span.MINUTE
    chart = draw_flow(columns(Tally(), Span.MINUTE, NOW, BOSTON), [], Span.MINUTE, BOSTON)
    assert (chart.rows, chart.line) == ((), "")


def test_bars_stand_on_each_other_and_end_at_the_axis() -> None:
    tally = Tally(times={Kind.SENT: {second(): 60}, Kind.FAILED: {second(): 40}, Kind.WRITTEN: {second(): 70}})
    chart = draw_flow(columns(tally, Span.MINUTE, NOW, BOSTON), [], Span.MINUTE, BOSTON)
    bar = chart.bars[-1]
    assert bar.sent_y + bar.sent_height == pytest.approx(chart.bottom)
    assert bar.failed_y + bar.failed_height == pytest.approx(bar.sent_y)
    assert bar.failed_y == pytest.approx(chart.top)
    assert [tick.words for tick in chart.levels] == ["0", "25", "50", "75", "100"]
    assert [(row.words, row.written, row.sent, row.failed) for row in chart.rows] == [("10:42 am", 70, 60, 40)]


def test_what_happened_close_together_shares_a_letter() -> None:
    moments = [
        Moment(NOW - timedelta(minutes=ago), words) for ago, words in ((90, "old"), (40, "a"), (39, "b"), (5, "c"))
    ]
    chart = draw_flow(columns(Tally(), Span.MINUTE, NOW, BOSTON), moments, Span.MINUTE, BOSTON)
    assert [(mark.letter, [line.words for line in mark.lines]) for mark in chart.marks] == [
        ("A", ["a", "b"]),
        ("B", ["c"]),
    ]


@pytest.mark.parametrize("most", [1, 2, 5, 9, 86, 203, 5_000, 1_000_000])
def test_every_count_has_one_shade_and_its_words(most: int) -> None:
    shades = make_shades([0, most])
    assert shade_of(shades, 0) == 0
    assert shade_of(shades, most) == shades[-1].number <= 5
    for before, after in pairwise(shades):
        assert before.most is not None
        assert after.least == before.most + 1
    assert shades[-1].words == f"{shades[-1].least:,} or more"


def test_shades_have_round_limits() -> None:
    words = [shade.words for shade in make_shades([203, 0, 12])]
    assert words == ["No letters", "1 to 2", "3 to 9", "10 to 19", "20 to 49", "50 or more"]
    assert [shade.words for shade in make_shades([0, 0])] == ["No letters"]


@pytest.mark.parametrize(("largest", "top"), [(0, 1), (3, 3), (5, 6), (19, 20), (101, 150), (860, 1_000)])
def test_the_axis_ends_at_a_round_number(largest: int, top: int) -> None:
    assert nice_top(largest) == top
