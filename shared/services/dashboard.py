"""What organizers read at a glance: campaigns and counts with their age."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine, select

from shared.clock import now
from shared.db import campaigns
from shared.db.figures import count_campaign
from shared.db.tables import membership
from shared.domain.campaigns import StoredCampaign
from shared.domain.figures import CampaignFigures
from shared.domain.permissions import Access, Permission, Role
from shared.domain.states import LetterState
from shared.services.attention import worst_of
from shared.services.figures import current_figures
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
