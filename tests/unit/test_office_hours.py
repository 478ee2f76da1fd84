from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.domain.office_hours import OfficeHours, opening_for, parse_office_hours
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from shared.rendering.speech import say_weekday

# zone, moment in UTC, when the office opens next in UTC (None: it is open), the words for it
CASES = [
    ("America/New_York", "2026-11-23T13:00", None, ""),
    ("America/New_York", "2026-11-23T12:59", "2026-11-23T13:00", "Monday 8 am"),
    # The last minute, and the first one after it.
    ("America/New_York", "2026-11-23T22:59", None, ""),
    ("America/New_York", "2026-11-23T23:00", "2026-11-24T13:00", "Tuesday 8 am"),
    # Over a weekend.
    ("America/New_York", "2026-11-20T23:00", "2026-11-23T13:00", "Monday 8 am"),
    ("America/New_York", "2026-11-22T15:00", "2026-11-23T13:00", "Monday 8 am"),
    # The weekend on which the clocks go forward, and the one on which they go back: 8 am is another hour in UTC.
    ("America/New_York", "2026-03-06T23:30", "2026-03-09T12:00", "Monday 8 am"),
    ("America/New_York", "2026-10-30T22:30", "2026-11-02T13:00", "Monday 8 am"),
    # The hour that comes twice is a Sunday's.
    ("America/New_York", "2026-11-01T05:30", "2026-11-02T13:00", "Monday 8 am"),
    # Where the clocks change on a Friday: open at 8 by the new time.
    ("Asia/Jerusalem", "2026-03-27T04:59", "2026-03-27T05:00", "Friday 8 am"),
    ("Asia/Jerusalem", "2026-03-26T05:59", "2026-03-26T06:00", "Thursday 8 am"),
    # Far away it is another day of the week.
    ("Pacific/Kiritimati", "2026-11-22T18:00", None, ""),
    ("Pacific/Kiritimati", "2026-11-20T10:00", "2026-11-22T18:00", "Monday 8 am"),
    ("Pacific/Pago_Pago", "2026-11-23T13:00", "2026-11-23T19:00", "Monday 8 am"),
    ("Asia/Kathmandu", "2026-11-23T02:14", "2026-11-23T02:15", "Monday 8 am"),
]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(zone: str = "America/New_York", text: str = "08:00-18:00") -> OfficeHours:
    found = parse_office_hours(text, ZoneInfo(zone))
    assert found
    return found


@pytest.mark.parametrize(("zone", "at", "opens", "words"), CASES)
def test_the_next_opening(zone: str, at: str, opens: str | None, words: str) -> None:
    opening = hours(zone).next_opening(moment(at))
    assert opening == (moment(opens) if opens else None)
    assert (say_weekday(opening) if opening else "") == words


@pytest.mark.parametrize(
    ("text", "words"),
    [("08:30-18:00", "Monday 8:30 am"), ("12:00-18:00", "Monday 12 pm"), ("00:00-01:00", "Monday 12 am")],
)
def test_times_are_said_as_people_say_them(text: str, words: str) -> None:
    opening = hours(text=text).next_opening(moment("2026-11-21T15:00"))
    assert opening
    assert say_weekday(opening) == words


@pytest.mark.parametrize(
    ("state", "transport", "waits"),
    [
        (LetterState.QUEUED, Transport.RELAY, True),
        (LetterState.DEFERRED, Transport.DIRECT, True),
        (LetterState.QUEUED, Transport.MAILBOX, False),
        (LetterState.HELD, Transport.RELAY, False),
        (LetterState.SENT, Transport.RELAY, False),
    ],
)
def test_only_letters_that_would_leave_wait_for_the_office(
    state: LetterState, transport: Transport, waits: bool
) -> None:
    night = moment("2026-11-23T03:00")
    assert (opening_for(hours(), state, transport, night, night) is not None) is waits
    assert opening_for(None, state, transport, night, night) is None


def test_what_is_due_after_closing_time_waits_for_the_next_morning() -> None:
    noon, evening = moment("2026-11-23T17:00"), moment("2026-11-23T23:30")
    opening = opening_for(hours(), LetterState.QUEUED, Transport.RELAY, evening, noon)
    assert opening == moment("2026-11-24T13:00")
    assert opening_for(hours(), LetterState.QUEUED, Transport.RELAY, noon, noon) is None


@pytest.mark.parametrize("text", ["8-18", "8:00-18:00", "08:00 - 18:00", "24:00-25:00", "08:60-09:00", "always"])
def test_what_is_no_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="two times of day"):
        hours(text=text)


@pytest.mark.parametrize("text", ["18:00-08:00", "08:00-08:00"])
def test_a_span_ends_after_it_begins(text: str) -> None:
    with pytest.raises(ValueError, match="end later on the same day"):
        hours(text=text)
