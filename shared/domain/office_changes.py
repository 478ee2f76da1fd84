"""What people and imports change about offices, in codes and words, and which day it is in an office's own state."""

from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class ChangeKind(StrEnum):
    """What an organizer did about an office."""

    ADDRESS = "address"
    VACANT = "vacant"
    SEATED = "seated"
    RETURNED = "returned"
    ROSTER = "roster"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


# These change no seat, only letters that are held for one.
OF_LETTERS = frozenset({ChangeKind.RELEASED, ChangeKind.WITHDRAWN})


class ChangeState(StrEnum):
    """`planned` waits for its day."""

    PLANNED = "planned"
    DONE = "done"
    UNDONE = "undone"


class ImportChangeKind(StrEnum):
    """What an import did with a seat or a district; `kept` where an organizer's word stands against the file's."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"
    KEPT = "kept"


CHANGE_WORDS: dict[ChangeKind, str] = {
    ChangeKind.ADDRESS: "Addresses corrected",
    ChangeKind.VACANT: "Seat vacant",
    ChangeKind.SEATED: "Successor seated",
    ChangeKind.RETURNED: "Holder back in the seat",
    ChangeKind.ROSTER: "Roster's version taken",
    ChangeKind.RELEASED: "Held letters released to the office's own address",
    ChangeKind.WITHDRAWN: "Held letters withdrawn",
}
IMPORT_WORDS: dict[ImportChangeKind, str] = {
    ImportChangeKind.NEW: "New",
    ImportChangeKind.CHANGED: "Changed",
    ImportChangeKind.GONE: "Gone",
    ImportChangeKind.KEPT: "Our correction kept",
}
# Of all seats that had a holder, or of all districts: more than this share gone in one import is suspicious.
SUSPICIOUS_SHARE = 0.1
# A roster that is older than this may name people who hold no seat any more.
OLD_ROSTER_DAYS = 30
_ZONES = {
    "America/Chicago": "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR VI",
    "Pacific/Guam": "GU MP",
    "Pacific/Pago_Pago": "AS",
}
_ZONE_OF = {code: zone for zone, codes in _ZONES.items() for code in codes.split()}
_EASTERN = "America/New_York"


def local_day(state_code: str, at: datetime) -> date:
    """The day it is in most of a state: seats change hands at its midnight, not at ours."""
    return at.astimezone(ZoneInfo(_ZONE_OF.get(state_code.upper(), _EASTERN))).date()


def is_suspicious(gone: int, before: int) -> bool:
    """True when so many are gone of so many that the file is more likely broken than the legislature."""
    return gone > before * SUSPICIOUS_SHARE
