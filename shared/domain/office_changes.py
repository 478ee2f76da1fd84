"""What people and imports change about offices, in codes and words."""

from enum import StrEnum

from shared.domain.days import local_day as local_day  # noqa: PLC0414 - changes of offices go with their days


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


def is_suspicious(gone: int, before: int) -> bool:
    """True when so many are gone of so many that the file is more likely broken than the legislature."""
    return gone > before * SUSPICIOUS_SHARE
