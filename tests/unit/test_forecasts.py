"""When a crowd's letters are out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.domain.forecasts import crowd_done_at, sending_ends
from shared.domain.office_hours import parse_office_hours
from shared.domain.pace import Pace
from shared.domain.rehearsals import (
    Change,
    DomainForecast,
    Finding,
    Item,
    Kind,
    Report,
    VersionUse,
    compare,
    from_json,
    to_json,
)

BOSTON = ZoneInfo("America/New_York")
HOURS = parse_office_hours("08:00-18:00", BOSTON)
HOUR = 3_600.0


def at(day: int, hour: int) -> datetime:
    """November 2026: the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, tzinfo=BOSTON)


@pytest.mark.parametrize(
    ("begins", "hours", "ends"),
    [
        (at(2, 9), 3, at(2, 12)),
        (at(2, 9), 9, at(2, 18)),
        (at(2, 9), 10, at(3, 9)),
        (at(2, 19), 1, at(3, 9)),
        (at(6, 17), 2, at(9, 9)),
        (at(7, 12), 1, at(9, 9)),
        (at(2, 8), 35, at(5, 13)),
    ],
)
def test_letters_leave_while_offices_are_open(begins: datetime, hours: float, ends: datetime) -> None:
    assert sending_ends(begins, hours * HOUR, HOURS) == ends


def test_without_office_hours_letters_leave_at_night_too() -> None:
    assert sending_ends(at(2, 9), 24 * HOUR, None) == at(3, 9)


def test_a_limit_decides_when_the_last_letter_leaves() -> None:
    pace = Pace(rate_per_hour=3_600)
    done = crowd_done_at(pace, 40_000, begins_at=at(2, 8), arrives_s=HOUR, hours=HOURS)
    assert done == at(3, 8) + timedelta(seconds=40_000 - 36_000)


def test_no_letter_leaves_before_it_has_come() -> None:
    quick = Pace(seconds_per_letter=0.001)
    assert crowd_done_at(quick, 10, begins_at=at(2, 9), arrives_s=HOUR, hours=HOURS) == at(2, 10)
    assert crowd_done_at(quick, 10, begins_at=at(2, 17), arrives_s=HOUR, hours=HOURS) == at(3, 8)
    assert crowd_done_at(Pace(), 10, begins_at=at(2, 9), arrives_s=HOUR, hours=HOURS) is None


def report(*findings: Finding) -> Report:
    forecast = (DomainForecast("house.example", 2, 40_000, 60, datetime(2026, 11, 2, tzinfo=UTC)),)
    versions = (VersionUse("all", 2, "Please"),)
    return Report(2, 2, 4, 4, 0.5, datetime(2026, 11, 1, tzinfo=UTC), "", findings, versions, forecast)


def test_a_report_is_the_same_after_it_was_stored() -> None:
    one = report(Finding(Kind.NO_EMAIL, (Item("Rep. One", "detail", 3),)))
    assert from_json(to_json(one)) == one


def test_what_is_new_is_marked_and_what_is_mended_is_counted() -> None:
    before = report(Finding(Kind.NO_EMAIL, (Item("One"), Item("Two"))))
    after, change = compare(before, report(Finding(Kind.NO_EMAIL, (Item("Two"), Item("Three")))))
    assert change == Change(mended=1, new=1)
    assert [item.is_new for item in after.findings[0].items] == [False, True]
