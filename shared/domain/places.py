"""Addresses, offices and the answer of a lookup, as values. What an address means is in `addresses.py`."""

from dataclasses import dataclass, field
from enum import StrEnum


class Chamber(StrEnum):
    """Open States' names for the chambers, plus the US House."""

    LOWER = "lower"
    UPPER = "upper"
    CONGRESS = "congress"


class LookupStatus(StrEnum):
    """How a lookup ended. Only `matched` chooses offices without asking."""

    MATCHED = "matched"
    DOUBTFUL = "doubtful"
    NO_MATCH = "no_match"
    INCOMPLETE = "incomplete"
    OUTSIDE = "outside"


class MatchType(StrEnum):
    """What the coordinates stand for, best first."""

    POINT = "point"
    RANGE = "range"
    INTERPOLATED = "interpolated"
    CENTROID = "centroid"
    HAND_PICKED = "hand_picked"
    PRACTICE = "practice"


@dataclass(frozen=True)
class HomeAddress:
    """A home address as typed: `street` with house number, `state` two letters; `unit` and `zip` may be empty."""

    street: str
    city: str
    state: str
    zip: str
    unit: str = ""

    def one_line(self) -> str:
        """`12 Maple Street, Unit 3, Worcester, MA 01603`: the letter's location."""
        lines = [self.street, self.unit, self.city, f"{self.state} {self.zip}".strip()]
        return ", ".join(part for part in lines if part)


@dataclass(frozen=True)
class Office:
    """A seat, and who holds it on the day of the lookup. `email` may be empty."""

    office_id: int
    chamber: Chamber
    district: str
    ocd_id: str
    title: str
    holder_id: int | None = None
    holder: str = ""
    email: str = ""
    phone: str = ""
    party: str = ""
    is_practice: bool = False
    # False while nobody's name is known for the whole chamber: then a seat without a holder says nothing.
    is_roster_known: bool = True
    # Letters to every address that we have come back.
    is_failing: bool = False

    @property
    def vacant(self) -> bool:
        """True while nobody holds the seat, as far as the chamber's members are known at all."""
        return self.holder_id is None and self.is_roster_known


@dataclass(frozen=True)
class Match:
    """Where an address lies, in WGS84 degrees; `source` names the data or service.

    `precision_m` is the match's error, `edge_m` the distance to the nearest edge of a district asked for, in metres.
    """

    type: MatchType
    source: str
    precision_m: float
    edge_m: float | None
    lat: float | None
    lon: float | None


@dataclass(frozen=True)
class LookupResult:
    """The answer of a lookup. `offices` holds the matched ones, or for `doubtful` the candidates too.

    `asked` names the chambers in which the supporter has to choose; `certain` are offices of theirs (by id) that are
    theirs whatever the answer; `suggestions` are close spellings.
    """

    status: LookupStatus
    match: Match | None = None
    offices: tuple[Office, ...] = ()
    asked: frozenset[Chamber] = frozenset()
    certain: frozenset[int] = frozenset()
    suggestions: tuple[str, ...] = ()
    reason: str = ""
    retry_in_s: float | None = field(default=None)

    @property
    def is_found(self) -> bool:
        """True when the offices are known and nobody has to be asked anything."""
        return self.status is LookupStatus.MATCHED and bool(self.offices) and self.retry_in_s is None

    def asks_about(self, office: Office) -> bool:
        """True for a candidate that the supporter has to choose or not."""
        return office.chamber in self.asked and office.office_id not in self.certain
