"""What came of a campaign: what left, what failed and why, who answered, who wants no more."""

from dataclasses import dataclass

from sqlalchemy import Engine, RowMapping

from shared.db import results
from shared.db.engine import snapshot
from shared.domain.campaigns import StoredCampaign
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.letter_words import office_label
from shared.domain.states import HAS_LEFT, LetterState
from shared.services.dashboard import LiveCounts, live_counts
from shared.services.failing_addresses import FailingAddress, list_failing
from shared.settings import Settings


@dataclass(frozen=True)
class FailureLine:
    """Letters that failed in one way; `words` empty when nobody said why."""

    state: LetterState
    words: str
    letters: int


@dataclass(frozen=True)
class OfficeLine:
    """One legislator: letters that left for the office, and how many of them were answered."""

    office: str
    district: str
    letters: int
    answered: int

    @property
    def share(self) -> str:
        """In percent."""
        return percent(self.answered, self.letters)


@dataclass(frozen=True)
class Results:
    """The campaign so far. `counts` are the dashboard's own, with their age; all else was counted now."""

    counts: LiveCounts
    has_tests: bool
    has_real_ones: bool
    failures: list[FailureLine]
    offices: list[OfficeLine]
    failing: list[FailingAddress]
    follow_ups: dict[LetterState, int]
    consents: dict[str, int]
    unsubscribed: int
    office_complaints: int
    supporter_complaints: int

    @property
    def left(self) -> int:
        """Letters that left us."""
        return sum(self.counts.by_state[state] for state in HAS_LEFT)

    @property
    def accepted(self) -> int:
        """Letters that a mail server took and that did not come back."""
        return self.counts.by_state[LetterState.SENT] + self.counts.by_state[LetterState.DELIVERED]

    @property
    def failed(self) -> int:
        """Letters that bounced or were refused."""
        return sum(line.letters for line in self.failures)

    @property
    def written(self) -> int:
        """What the answers are a share of: letters that left, as the table of legislators counts them."""
        return sum(line.letters for line in self.offices)

    @property
    def answered(self) -> int:
        """Letters that an office answered, as far as we were told."""
        return sum(line.answered for line in self.offices)


def read_results(engine: Engine, settings: Settings, stored: StoredCampaign) -> Results:
    """Counts the campaign's results."""
    counts = live_counts(engine, settings, stored.id)
    with snapshot(engine) as connection:
        office_complaints, supporter_complaints = results.count_complaints(connection, stored.id)
        kinds = results.kinds_of_letters(connection, stored.id)
        consents = results.count_consents(connection, stored.id)
        return Results(
            counts=counts,
            has_tests=True in kinds,
            has_real_ones=False in kinds,
            failures=[_failure(row) for row in results.count_failures(connection, stored.id)],
            offices=[_office(row) for row in results.count_offices(connection, stored.id)],
            failing=list_failing(engine, stored.id),
            follow_ups=results.count_follow_ups(connection, stored.id),
            consents={**dict.fromkeys(stored.campaign.consents, 0), **consents},
            unsubscribed=results.count_unsubscribed(connection, stored.id),
            office_complaints=office_complaints,
            supporter_complaints=supporter_complaints,
        )


def percent(part: int, whole: int) -> str:
    """Rounded, but never 0 % of something nor 100 % of less than all."""
    if 0 < part * 100 < whole:
        return "under 1 %"
    if part < whole:
        return f"{min(99, round(part * 100 / whole))} %"
    return "100 %" if whole else "0 %"


def _failure(row: RowMapping) -> FailureLine:
    return FailureLine(LetterState(row["state"]), CAUSE_WORDS[Cause(row["cause"])].what, row["letters"])


def _office(row: RowMapping) -> OfficeLine:
    office = office_label(row["title"], row["holder"], row["district"])
    return OfficeLine(office, row["district"], row["letters"], row["answered"])
