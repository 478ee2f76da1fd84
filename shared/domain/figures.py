"""The installation in numbers: what the dashboard shows at a glance and what monitoring reads. Nothing personal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.states import LetterState
from shared.domain.transport import Transport


@dataclass(frozen=True)
class CampaignFigures:
    """One campaign. `people` pressed Send; `expected` letters were promised to them; `by_state` are those there are."""

    people: int = 0
    expected: int = 0
    looking_up: int = 0
    needs_address: int = 0
    by_state: Mapping[LetterState, int] = field(default_factory=dict)
    # Letters that need a person.
    attention: int = 0

    @property
    def letters(self) -> int:
        """Letters over all states."""
        return sum(self.by_state.values())

    @property
    def imbalance(self) -> int:
        """Promised letters that are missing, or less than 0 when there are too many; anything but 0 is an alarm."""
        return self.expected - self.letters


@dataclass(frozen=True)
class DomainFigures:
    """One receiving domain; see `shared.db.domains.DomainLine`. `is_left_alone` while its breaker is open."""

    transport: Transport
    receiving_domain: str
    waiting: int
    oldest_due_s: float
    sent_last_minute: int
    rate_per_hour: int | None
    is_left_alone: bool


@dataclass(frozen=True)
class Figures:
    """All of it, counted at `taken_at`; campaigns by id."""

    taken_at: datetime
    campaigns: Mapping[int, CampaignFigures]
    follow_ups: Mapping[LetterState, int]
    domains: tuple[DomainFigures, ...]

    @property
    def people(self) -> int:
        """Submissions that were accepted."""
        return sum(one.people for one in self.campaigns.values())

    @property
    def letters(self) -> Mapping[LetterState, int]:
        """Letters by state over all campaigns; every state is there."""
        total = dict.fromkeys(LetterState, 0)
        for one in self.campaigns.values():
            for state, number in one.by_state.items():
                total[state] += number
        return total

    @property
    def imbalance(self) -> int:
        """Letters too few or too many, campaign by campaign, so that one never hides another; 0 when all is well."""
        return sum(abs(one.imbalance) for one in self.campaigns.values())
