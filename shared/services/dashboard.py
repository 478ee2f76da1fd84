"""What organizers read: counts with their age, and one letter with its history."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, select

from shared.clock import now
from shared.db import campaigns
from shared.db.figures import count_campaign
from shared.db.tables import letter, letter_event, membership, submission
from shared.domain.campaigns import StoredCampaign
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.figures import CampaignFigures
from shared.domain.letter_words import STATE_WORDS, office_label, state_words
from shared.domain.office_hours import opening_for
from shared.domain.permissions import Access, Permission, Role
from shared.domain.places import HomeAddress
from shared.domain.states import HoldReason, LetterState
from shared.domain.transport import Transport
from shared.errors import NotFound
from shared.rendering.speech import say_weekday
from shared.services.attention import worst_of
from shared.services.figures import current_figures
from shared.services.letters import can_cancel, can_retry
from shared.services.organizers import OrganizerSession
from shared.settings import Settings

# Campaigns on the overview of which the worst trouble is told.
_HINTS = 5


@dataclass(frozen=True)
class CampaignLine:
    """One campaign on the overview."""

    stored: StoredCampaign
    people: int
    letters: int
    by_state: dict[LetterState, int]
    # Letters that need a person, and people who are asked about their address.
    attention: int
    needs_address: int
    # What the reader may do there.
    access: Access
    # The worst trouble in words; empty when there is none.
    hint: str = ""

    @property
    def sent_share(self) -> int:
        """Of a hundred letters so many have left; a hundred only when all have."""
        out = self.by_state.get(LetterState.SENT, 0) + self.by_state.get(LetterState.DELIVERED, 0)
        return 100 * out // self.letters if self.letters else 0


@dataclass(frozen=True)
class LiveCounts:
    """The campaign as it was counted at `as_of`; every state is in `by_state`.

    `expected` counts what submissions were promised; `balanced` when every letter is there.
    """

    people: int
    letters: int
    expected: int
    by_state: dict[LetterState, int]
    looking_up: int
    needs_address: int
    balanced: bool
    attention: int
    as_of: datetime

    @property
    def age_s(self) -> int:
        """Whole seconds since the count."""
        return max(0, int((now() - self.as_of).total_seconds()))


@dataclass(frozen=True)
class EventLine:
    """One step in a letter's history."""

    at: datetime
    words: str
    detail: str
    actor: str
    state: LetterState
    remote_reply: str


@dataclass(frozen=True)
class LetterDetail:
    """One letter with everything an organizer may see. `opens` when it waits for its office to open: day and time.

    `is_checked` while it waits for somebody to look at it, because it was sent so quickly.
    """

    id: int
    campaign: StoredCampaign
    supporter: str
    email: str
    address: str
    recipient: str
    recipient_email: str
    district: str
    state: LetterState
    words: str
    cause_words: str
    mend_words: str
    subject: str
    body: str
    is_test: bool
    transport: Transport
    message_id: str
    remote_reply: str
    due_at: datetime
    opens: str
    can_retry: bool
    can_cancel: bool
    is_checked: bool
    events: tuple[EventLine, ...]


def overview(engine: Engine, settings: Settings, reader: OrganizerSession) -> list[CampaignLine]:
    """The reader's campaigns with their people and letters as they were counted last, newest first."""
    counted = current_figures(engine, settings, for_page=True).campaigns
    lines = _lines(engine, reader, counted)
    troubled = [line.stored.id for line in lines if line.attention][:_HINTS]
    return [
        replace(line, hint=worst_of(engine, line.stored.id)) if line.stored.id in troubled else line for line in lines
    ]


def _lines(engine: Engine, reader: OrganizerSession, counted: Mapping[int, CampaignFigures]) -> list[CampaignLine]:
    with engine.connect() as connection:
        held = select(membership).where(membership.c.organizer_id == reader.id)
        roles = {row.campaign_id: Role(row.role) for row in connection.execute(held)}
        return [
            CampaignLine(stored, one.people, one.letters, dict(one.by_state), one.attention, one.needs_address, access)
            for stored in campaigns.list_campaigns(connection)
            for access in [replace(reader.access, role=roles.get(stored.id))]
            if access.may(Permission.SEE_CAMPAIGN)
            for one in [counted.get(stored.id, CampaignFigures())]
        ]


def live_counts(engine: Engine, settings: Settings, campaign_id: int) -> LiveCounts:
    """People and letters by state as they were counted last; `as_of` says when."""
    figures = current_figures(engine, settings, for_page=True)
    return _counts(figures.campaigns.get(campaign_id, CampaignFigures()), figures.taken_at)


def exact_counts(engine: Engine, campaign_id: int) -> LiveCounts:
    """The same counted now, for a decision."""
    with engine.connect() as connection:
        return _counts(count_campaign(connection, campaign_id), now())


def read_letter(engine: Engine, letter_id: int) -> LetterDetail:
    """One letter with its history; raises NotFound."""
    with engine.connect() as connection:
        row = connection.execute(select(letter).where(letter.c.id == letter_id)).mappings().one_or_none()
        if row is None:
            raise NotFound("There is no such letter.")
        query = select(letter_event).where(letter_event.c.letter_id == letter_id).order_by(letter_event.c.id)
        events = tuple(_event(event) for event in connection.execute(query).mappings())
        return _detail(connection, row, events)


def _counts(one: CampaignFigures, as_of: datetime) -> LiveCounts:
    return LiveCounts(
        people=one.people,
        letters=one.letters,
        expected=one.expected,
        by_state={state: one.by_state.get(state, 0) for state in LetterState},
        looking_up=one.looking_up,
        needs_address=one.needs_address,
        balanced=one.imbalance == 0,
        attention=one.attention,
        as_of=as_of,
    )


def _event(row: RowMapping) -> EventLine:
    created = row["from_state"] is None
    state = LetterState(row["to_state"])
    words = "Letter written" if created else STATE_WORDS[state]
    detail = CAUSE_WORDS[Cause(row["cause"])].what
    return EventLine(row["at"], words, detail, row["actor"], state, row["remote_reply"])


def _detail(connection: Connection, row: RowMapping, events: tuple[EventLine, ...]) -> LetterDetail:
    person = connection.execute(select(submission).where(submission.c.id == row["submission_id"])).mappings().one()
    stored = campaigns.read_campaign(connection, row["campaign_id"])
    state, transport = LetterState(row["state"]), Transport(row["transport"])
    opening = opening_for(stored.hours, state, transport, row["due_at"], now())
    cause = CAUSE_WORDS[Cause(row["cause"])]
    address = HomeAddress(person["street"], person["city"], person["us_state"], person["zip"], person["unit"])
    return LetterDetail(
        id=row["id"],
        campaign=stored,
        supporter=row["from_name"],
        email=person["email"],
        address=address.one_line(),
        recipient=office_label(row["recipient_title"], row["recipient_name"], row["district"]),
        recipient_email=row["recipient_email"],
        district=row["district"],
        state=state,
        words=state_words(state, transport, row["receiving_domain"]),
        cause_words=cause.what,
        mend_words=cause.mend,
        subject=row["subject"],
        body=row["body"],
        is_test=row["is_test"],
        transport=transport,
        message_id=row["message_id"],
        remote_reply=row["remote_reply"],
        due_at=row["due_at"],
        opens=say_weekday(opening) if opening else "",
        can_retry=can_retry(state, row["cause"]),
        can_cancel=can_cancel(state),
        is_checked=row["hold_reason"] == HoldReason.ABUSE_CHECK.value,
        events=events,
    )
