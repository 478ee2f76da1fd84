"""When to try again: pure arithmetic in seconds."""

# RFC 5321 4.5.4.1: soon at first, then half an hour and more.
DEFERRED_SCHEDULE_S = (5 * 60, 30 * 60, 60 * 60, 2 * 3600, 3 * 3600, 6 * 3600)
# Lookups wait for other people's services, not for mail servers.
LOOKUP_SCHEDULE_S = (2, 10, 30, 120, 600)
# Tries at one letter: those of the schedule in five days, and as many while its time is not counted.
MOST_TRIES = 25


def deferred_delay(attempt: int) -> int:
    """Seconds until the next try after `attempt` tries (counted from 1)."""
    return _step(DEFERRED_SCHEDULE_S, attempt)


def lookup_delay(attempt: int) -> int:
    """Seconds until the next lookup after `attempt` tries (counted from 1)."""
    return _step(LOOKUP_SCHEDULE_S, attempt)


def _step(schedule: tuple[int, ...], attempt: int) -> int:
    return schedule[min(max(attempt, 1), len(schedule)) - 1]
