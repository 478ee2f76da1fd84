"""When a letter that has not left is given up. `shared.db.expiry` says the same in SQL.

A letter has five days in which it could leave. Time in which something kept it from leaving (a pause, office hours, a
rate, a breaker, a machine that was off) does not count: five days begin again at its last moment. The campaign's own
last day ends everything, and nothing waits longer than 90 days.
"""

from datetime import datetime, timedelta

# How long a letter that could leave is tried.
GIVE_UP_AFTER = timedelta(days=5)
# How long a held letter waits for a person in a campaign without a last day.
HOLD_FOR = timedelta(days=30)
# How long before a hold ends the supporter and the organizers are told.
NOTICE = timedelta(days=3)
# However long something keeps it: a letter or an email that has not left by then is given up.
LONGEST_WAIT = timedelta(days=90)


def expires_at(deliver_by: datetime, *, blocked_at: datetime | None, last_delivery: datetime | None) -> datetime:
    """When a `queued` or `deferred` letter expires.

    `deliver_by` is its own: `GIVE_UP_AFTER` after it was queued. `blocked_at` is the last moment at which something
    kept it from leaving.
    """
    end = deliver_by
    if blocked_at is not None:
        end = min(max(deliver_by, blocked_at + GIVE_UP_AFTER), deliver_by + LONGEST_WAIT - GIVE_UP_AFTER)
    return end if last_delivery is None else min(end, last_delivery)


def hold_ends_at(held_at: datetime, *, blocked_at: datetime | None, last_delivery: datetime | None) -> datetime:
    """When a `held` letter is withdrawn. `blocked_at` is the installation's: people are told before, so it must run."""
    if last_delivery is not None:
        return last_delivery
    end = held_at + HOLD_FOR
    return end if blocked_at is None else min(max(end, blocked_at + NOTICE), held_at + LONGEST_WAIT)
