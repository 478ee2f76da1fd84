"""What a launch rehearsal found: plain values that are stored as JSON, and what has changed between two of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

# RFC 5322 2.1.1: longer header lines are folded, and mail readers cut them off in their lists.
LONGEST_SUBJECT_LINE = 78
# RFC 5321 4.5.3.1.6, without CRLF: servers may refuse longer lines.
LONGEST_LINE = 998
# Larger mail is cut off by common readers.
LARGEST_MESSAGE = 102_400
# The crowd that the forecast is made for.
CROWD, CROWD_HOURS = 20_000, 1


class RehearsalState(StrEnum):
    """One run of a rehearsal."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Kind(StrEnum):
    """What can be found, the worst first."""

    PRACTICE = "practice"
    NO_DISTRICTS = "no_districts"
    NO_ADDRESSES = "no_addresses"
    NOT_FOUND = "not_found"
    UNFILLED = "unfilled"
    NOT_MADE = "not_made"
    NOT_TAKEN = "not_taken"
    NO_ROSTER = "no_roster"
    NO_EMAIL = "no_email"
    WRONG_EMAIL = "wrong_email"
    FAILING = "failing"
    TOO_LATE = "too_late"
    NO_HOLDER = "no_holder"
    LONG_SUBJECT = "long_subject"
    LONG_LINE = "long_line"
    LARGE_MESSAGE = "large_message"
    DOUBTFUL = "doubtful"
    SHARED_ADDRESS = "shared_address"
    LEFT_OUT = "left_out"
    NO_RELAY = "no_relay"


# Letters would not arrive, or would be wrong. The others are worth a look.
SERIOUS = frozenset(
    {
        Kind.PRACTICE,
        Kind.NO_DISTRICTS,
        Kind.NO_ADDRESSES,
        Kind.NOT_FOUND,
        Kind.UNFILLED,
        Kind.NOT_MADE,
        Kind.NOT_TAKEN,
        Kind.NO_ROSTER,
        Kind.NO_EMAIL,
        Kind.WRONG_EMAIL,
        Kind.FAILING,
        Kind.TOO_LATE,
    }
)


@dataclass(frozen=True)
class Item:
    """One district, office or domain with a problem. `is_new` when the rehearsal before did not find it."""

    label: str
    detail: str = ""
    office_id: int | None = None
    is_new: bool = False


@dataclass(frozen=True)
class Finding:
    """One problem, and all that have it."""

    kind: Kind
    items: tuple[Item, ...]


@dataclass(frozen=True)
class VersionUse:
    """How many offices get a version of the letter, and a subject as one of them sees it."""

    name: str
    offices: int
    subject: str


@dataclass(frozen=True)
class DomainForecast:
    """The letters of the crowd to one receiving domain. `done_at` None while nothing tells how long it takes."""

    domain: str
    offices: int
    letters: int
    rate_per_hour: int | None
    done_at: datetime | None


@dataclass(frozen=True)
class Report:
    """Everything about one run: `sent` letters reached the sink, `begins_at` is when the forecast's crowd comes."""

    supporters: int
    offices: int
    letters: int
    sent: int
    seconds: float
    begins_at: datetime
    hours: str
    findings: tuple[Finding, ...] = ()
    versions: tuple[VersionUse, ...] = ()
    forecast: tuple[DomainForecast, ...] = ()

    @property
    def serious(self) -> tuple[Finding, ...]:
        """What must be mended before letters go out."""
        return tuple(one for one in self.findings if one.kind in SERIOUS)

    @property
    def others(self) -> tuple[Finding, ...]:
        """What is worth a look."""
        return tuple(one for one in self.findings if one.kind not in SERIOUS)


@dataclass(frozen=True)
class Change:
    """What became of the problems of the run before: how many items are mended and how many are new."""

    mended: int
    new: int


def compare(before: Report, report: Report) -> tuple[Report, Change]:
    """The newer report with its new items marked, and the counts."""
    known = {(one.kind, item.label) for one in before.findings for item in one.items}
    found = {(one.kind, item.label) for one in report.findings for item in one.items}
    marked = tuple(
        replace(one, items=tuple(replace(item, is_new=(one.kind, item.label) not in known) for item in one.items))
        for one in report.findings
    )
    return replace(report, findings=marked), Change(len(known - found), len(found - known))


def to_json(report: Report) -> dict[str, Any]:
    """As the database keeps it."""
    values = asdict(report)
    values["begins_at"] = report.begins_at.isoformat()
    for line in values["forecast"]:
        line["done_at"] = line["done_at"] and line["done_at"].isoformat()
    return values


def from_json(stored: Mapping[str, Any]) -> Report:
    """Back from the database."""
    findings = tuple(Finding(Kind(f["kind"]), tuple(Item(**item) for item in f["items"])) for f in stored["findings"])
    forecast = tuple(
        DomainForecast(**{**line, "done_at": datetime.fromisoformat(line["done_at"]) if line["done_at"] else None})
        for line in stored["forecast"]
    )
    rest = {name: stored[name] for name in ("supporters", "offices", "letters", "sent", "seconds", "hours")}
    return Report(
        **rest,
        begins_at=datetime.fromisoformat(stored["begins_at"]),
        findings=findings,
        versions=tuple(VersionUse(**one) for one in stored["versions"]),
        forecast=forecast,
    )
