"""Reads the organizer's session from the signed cookie; `web.admin.guard` begins and ends it.

The console asks for it on every page, and the public pages ask for it before they show a draft.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import session

SESSION_LIFETIME = timedelta(hours=12)
IDLE_LIFETIME = timedelta(hours=2)
KEY, USED = "signed_in", "used_at"
_PARTS = 4


@dataclass(frozen=True)
class KnownSession:
    """What the cookie says; the database knows whether the session has ended since."""

    organizer_id: int
    epoch: int
    number: int
    idle_s: int


def read_session(seconds: int) -> KnownSession | None:
    """The session at this time, None when there is none or one of its times is over."""
    known = session.get(KEY)
    # Cookies from before sessions had a row have no number.
    if known is None or len(known) != _PARTS:
        return None
    organizer_id, epoch, began, number = known
    idle_s = seconds - session[USED]
    if seconds - began > SESSION_LIFETIME.total_seconds() or idle_s > IDLE_LIFETIME.total_seconds():
        return None
    return KnownSession(organizer_id, epoch, number, idle_s)
