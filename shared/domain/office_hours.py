"""When offices are open: `08:00-18:00` on weekdays, in the campaign's own time zone. The claim asks the same in SQL."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.domain.days import day_in
from shared.domain.states import CLAIMABLE, LetterState
from shared.domain.transport import Transport

# ASCII only: PostgreSQL reads no other digits.
_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_SATURDAY = 5


@dataclass(frozen=True)
class OfficeHours:
    """From `opens` on and until before `closes`, Monday to Friday, wall-clock time of the zone."""

    opens: time
    closes: time
    zone: ZoneInfo

    def is_open(self, at: datetime) -> bool:
        """True when letters may leave at this moment."""
        local = at.astimezone(self.zone)
        return local.weekday() < _SATURDAY and self.opens <= local.time() < self.closes

    def next_opening(self, at: datetime) -> datetime | None:
        """When letters may leave next, in the zone; None while they may."""
        if self.is_open(at):
            return None
        local = at.astimezone(self.zone)
        day = day_in(self.zone, at) + timedelta(days=local.time() >= self.closes)
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
        return datetime.combine(day, self.opens, self.zone)


def parse_office_hours(text: str, zone: ZoneInfo) -> OfficeHours | None:
    """None for empty text, which means always; raises ValueError that says what is wrong."""
    if not text:
        return None
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError('must be two times of day such as "08:00-18:00"')
    hours, minutes = found.groups()[::2], found.groups()[1::2]
    opens, closes = (time(int(hour), int(minute)) for hour, minute in zip(hours, minutes, strict=True))
    if opens >= closes:
        raise ValueError("must end later on the same day than it begins")
    return OfficeHours(opens, closes, zone)


def opening_for(
    hours: OfficeHours | None, state: LetterState, transport: Transport, due_at: datetime, at: datetime
) -> datetime | None:
    """When a letter that waits leaves because its office opens; None when office hours are not what it waits for."""
    if hours is None or state not in CLAIMABLE or transport is Transport.MAILBOX:
        return None
    return hours.next_opening(max(due_at, at))
