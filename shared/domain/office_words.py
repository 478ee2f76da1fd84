"""What organizers read about an office: its marks, where the roster says something else, and the order of districts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.districts import district_key
from shared.domain.places import Chamber

CHAMBER_NAMES = {Chamber.LOWER: "House", Chamber.UPPER: "Senate", Chamber.CONGRESS: "US House"}
_NUMBER = re.compile(r"^([0-9]{1,9})(?:st|nd|rd|th)?\b\s*(.*)$")
_LABELS = {"name": "Name", "party": "Party", "email": "Email"}


class Mark(StrEnum):
    """What an organizer should know of an office at a glance."""

    VACANT = "vacant"
    NO_EMAIL = "no_email"
    FAILING = "failing"
    CORRECTED = "corrected"
    DIFFERS = "differs"
    PLANNED = "planned"


MARK_WORDS: dict[Mark, str] = {
    Mark.VACANT: "Vacant",
    Mark.NO_EMAIL: "No email",
    Mark.FAILING: "Failing address",
    Mark.CORRECTED: "Corrected by us",
    Mark.DIFFERS: "Roster differs",
    Mark.PLANNED: "Change planned",
}


@dataclass(frozen=True)
class Difference:
    """Where we and the last roster disagree."""

    what: str
    ours: str
    theirs: str


def district_order(district: str) -> tuple[str, int, str]:
    """Districts by their county and then their number: `2nd Essex` before `10th Essex`, plain numbers in order."""
    key = district_key(district)
    found = _NUMBER.match(key)
    return (found[2], int(found[1]), key) if found else (key, 0, key)


def find_marks(row: Mapping[Any, Any]) -> frozenset[Mark]:
    """The marks of an office's row with its present holder."""
    is_vacant = row["holder_id"] is None
    found = {
        Mark.VACANT: is_vacant,
        Mark.NO_EMAIL: not is_vacant and not row["goes_to"] and not row["is_failing"],
        # A second address may carry the letters on; the first one still needs somebody.
        Mark.FAILING: row["email_failed_at"] is not None or row["second_failed_at"] is not None,
        Mark.CORRECTED: any((row["corrected"], row["is_ours"], row["second_email"], row["general_email"]))
        or bool(is_vacant and row["roster"]),
        Mark.DIFFERS: bool(find_differences(row)),
        Mark.PLANNED: row["is_planned"],
    }
    return frozenset(mark for mark, is_so in found.items() if is_so)


def find_differences(row: Mapping[Any, Any]) -> tuple[Difference, ...]:
    """What the last roster says otherwise; nothing while no organizer has said anything of the office."""
    roster = row["roster"]
    if not roster:
        if row["holder_id"] is not None and row["is_ours"]:
            return (Difference("Holder", row["name"], "nobody yet"),)
        return ()
    if row["holder_id"] is None or row["person_id"] != roster["person_id"]:
        return (Difference("Holder", row["name"] or "vacant", roster["name"]),)
    return tuple(
        Difference(label, row[name] or "none", roster[name] or "none")
        for name, label in _LABELS.items()
        if row[name].lower() != roster[name].lower()
    )
