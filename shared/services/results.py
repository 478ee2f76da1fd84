"""What came of a campaign: what left, what failed and why, who answered, who wants no more, which addresses fail."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, RowMapping

from shared.db import results
from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.letter_words import office_label
from shared.domain.states import HAS_LEFT, LetterState
from shared.domain.supporter_input import checked_email
from shared.errors import InputError, NotFound
from shared.queue.ring import Ring
from shared.services.dashboard import LiveCounts, live_counts
from shared.services.office_addresses import correct_address
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
class FailingAddress:
    """An office of which an address fails. `goes_to` is where its letters go meanwhile, empty when they are held."""

    office_id: int
    ocd_id: str
    seat: int
    office: str
    district: str
    email: str
    second_email: str
    failing: tuple[str, ...]
    goes_to: str
    since: datetime
    words: str
    held: int


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
    with at_once(engine) as connection:
        office_complaints, supporter_complaints = results.count_complaints(connection, stored.id)
        kinds = results.kinds_of_letters(connection, stored.id)
        consents = results.count_consents(connection, stored.id)
        return Results(
            counts=counts,
            has_tests=True in kinds,
            has_real_ones=False in kinds,
            failures=[_failure(row) for row in results.count_failures(connection, stored.id)],
            offices=[_office(row) for row in results.count_offices(connection, stored.id)],
            failing=[_failing(row) for row in results.failing_addresses(connection, stored.id)],
            follow_ups=results.count_follow_ups(connection, stored.id),
            consents={**dict.fromkeys(stored.campaign.consents, 0), **consents},
            unsubscribed=results.count_unsubscribed(connection, stored.id),
            office_complaints=office_complaints,
            supporter_complaints=supporter_complaints,
        )


def list_failing(engine: Engine, campaign_id: int) -> list[FailingAddress]:
    """The offices of this campaign of which an address fails."""
    with at_once(engine) as connection:
        return [_failing(row) for row in results.failing_addresses(connection, campaign_id)]


def find_failing(engine: Engine, campaign_id: int, office_id: int) -> FailingAddress:
    """One of them; raises NotFound."""
    for one in list_failing(engine, campaign_id):
        if one.office_id == office_id:
            return one
    raise NotFound("No address of this office fails.")


def correct_failing(engine: Engine, ring: Ring, line: FailingAddress, *, email: str, second_email: str) -> int:
    """Other addresses for the office; one that stays the same goes on failing. Returns how many held letters leave.

    Raises InputError when nothing was changed or something is no address, NotFound when nobody holds the office now.
    """
    new_email, new_second = _changed(email, line.email), _changed(second_email, line.second_email)
    if not email.strip():
        raise InputError({"email": "Enter an email address in the form name@example.org"})
    if new_email is None and new_second is None:
        raise InputError({"email": "This is the address that fails. Enter another one here, or a second address below"})
    if new_second:
        try:
            checked_email(new_second)
        except InputError as error:
            raise InputError({"second_email": error.fields["email"]}) from error
    return correct_address(engine, ring, line.ocd_id, seat=line.seat, email=new_email, second_email=new_second)


def _changed(typed: str, known: str) -> str | None:
    """What was typed, None when it is what we had."""
    return None if typed.strip().lower() == known.lower() else typed.strip()


def percent(part: int, whole: int) -> str:
    """Never 0 % of something, nor 100 % of less than all."""
    if 0 < part * 100 < whole:
        return "under 1 %"
    return f"{part * 100 // whole if whole else 0} %"


def _failure(row: RowMapping) -> FailureLine:
    return FailureLine(LetterState(row["state"]), CAUSE_WORDS[Cause(row["cause"])].what, row["letters"])


def _office(row: RowMapping) -> OfficeLine:
    office = office_label(row["title"], row["holder"], row["district"])
    return OfficeLine(office, row["district"], row["letters"], row["answered"])


def _failing(row: RowMapping) -> FailingAddress:
    addresses = ((row["email"], row["email_failed_at"]), (row["second_email"], row["second_failed_at"]))
    working = [address for address, failed_at in addresses if address and failed_at is None]
    return FailingAddress(
        office_id=row["id"],
        ocd_id=row["ocd_id"],
        seat=row["seat"],
        office=office_label(row["title"], row["name"], row["district"]),
        district=row["district"],
        email=row["email"],
        second_email=row["second_email"],
        failing=tuple(address for address, failed_at in addresses if failed_at is not None),
        goes_to=working[0] if working else "",
        since=min(failed_at for _, failed_at in addresses if failed_at is not None),
        words=CAUSE_WORDS[Cause(row["email_failure"])].what,
        held=row["held"],
    )
