"""How a receiving domain is served, in the words that pages and commands share."""

from datetime import UTC, datetime

from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.pace import Pace, seconds_to_empty
from shared.domain.refusal_runs import NEW_DOMAIN

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def rate_words(pace: Pace) -> str:
    """`200 an hour`."""
    return "as it takes them" if pace.rate_per_hour is None else f"{pace.rate_per_hour:,} an hour"


def empty_words(pace: Pace, waiting: int, paused_until: str = "") -> str:
    """When nothing would wait any more at this pace, if nothing else came; a pause that is named comes before that."""
    if not waiting:
        return "nothing waits"
    seconds = seconds_to_empty(pace, waiting)
    if not paused_until:
        return "not known yet" if seconds is None else f"in {time_words(seconds)}"
    if seconds is None:
        return f"not known yet, not before {paused_until}"
    return (
        f"soon after {paused_until}" if seconds < _MINUTE else f"in {time_words(seconds)}, counted from {paused_until}"
    )


def forecast_words(rate_per_hour: int | None, letters: int) -> str:
    """`10,000 letters at 200 an hour take 50 hours, about 3 days`."""
    if rate_per_hour is None:
        return f"{letters:,} letters leave as quickly as the server takes them."
    seconds = letters * _HOUR / rate_per_hour
    hours = -(-letters // rate_per_hour)
    exact = f"{hours:,} hours" if hours > 1 else f"{-(-letters * 60 // rate_per_hour):,} minutes"
    days = f", {time_words(seconds)}" if seconds >= _DAY else ""
    return f"{letters:,} letters at {rate_per_hour:,} an hour take {exact}{days}."


def break_words(cause: Cause) -> str:
    """Why a domain is left alone for a while."""
    return CAUSE_WORDS[cause].what


def said_words(reply: str) -> str:
    """A mail server's own words; empty when it said nothing."""
    return f"Its mail server said: “{reply}”." if reply else ""


def trial_words(pace: Pace) -> str:
    """`trial of 4 letters`: what a domain gets after it refused everything; empty for any other."""
    return f"trial of {pace.trial:,} letter{'' if pace.trial == 1 else 's'}" if pace.trial else ""


def new_domain_words(pace: Pace) -> str:
    """How many letters a domain gets that is new to us; empty for any other."""
    if pace.trial or pace.allowance is None:
        return ""
    return f"This domain is new to us. It gets {NEW_DOMAIN:,} letters until it has refused none for half an hour."


def utc_words(at: datetime) -> str:
    """`20:57 UTC`."""
    return f"{at.astimezone(UTC):%H:%M} UTC"


def time_words(seconds: float) -> str:
    """`less than a minute`, `about 12 minutes`, `about 3 hours`: rounded up, so that it promises too little."""
    if seconds < _MINUTE:
        return "less than a minute"
    unit, name = next((u, n) for u, n in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")) if seconds >= u)
    count = -(-int(seconds) // unit)
    return f"about {count:,} {name}{'' if count == 1 else 's'}"
