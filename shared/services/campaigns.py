"""What organizers do with campaigns, and what the campaign page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import structlog
from markupsafe import Markup
from sqlalchemy import Connection, Engine, func, select

from shared.clock import now
from shared.db import campaigns as rows
from shared.db import mailings
from shared.db.engine import at_once
from shared.db.happenings import note
from shared.db.logos import StoredLogo, save_logo
from shared.db.savepoints import Faults, apart, raise_faults
from shared.db.tables import submission
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.draft_marks import require_marked
from shared.domain.follow_ups import Need, PlannedStep, Trigger
from shared.domain.happenings import happening_of
from shared.domain.mailings import Mailing
from shared.domain.phrases import phrase
from shared.domain.simulations import SLUG as SIMULATION
from shared.domain.states import CampaignState
from shared.domain.transport import speaks_of_a_test
from shared.domain.us_states import state_of
from shared.errors import CampaignFileError, NotAllowed, NotFound, StateChanged
from shared.rendering.markdown import page_html
from shared.rendering.speech import spoken
from shared.services.campaign_files import format_campaign, parse_campaign
from shared.services.campaign_logos import load_logo
from shared.services.lookup import has_real_directory
from shared.services.mailings import prepare_first
from shared.services.outbox import configured_relay
from shared.settings import Settings

_LOG = structlog.get_logger()
_S = CampaignState
CAMPAIGN_ARROWS: dict[CampaignState, frozenset[CampaignState]] = {
    _S.DRAFT: frozenset({_S.SCHEDULED, _S.LIVE}),
    _S.SCHEDULED: frozenset({_S.DRAFT, _S.LIVE}),
    _S.LIVE: frozenset({_S.PAUSED, _S.CLOSED, _S.WON}),
    _S.PAUSED: frozenset({_S.LIVE, _S.CLOSED, _S.WON}),
    _S.CLOSED: frozenset({_S.LIVE, _S.WON}),
    _S.WON: frozenset({_S.CLOSED}),
}
# A supporter may start or send while the campaign is in one of these.
OPEN_STATES = frozenset({_S.DRAFT, _S.LIVE, _S.PAUSED})
# Only the people of a campaign, and those with a preview link, see it in any other state.
PUBLISHED_STATES = frozenset(_S) - {_S.DRAFT}
# Once published for supporters, a campaign never becomes a draft again.
_PUBLISHED_FOR_GOOD = PUBLISHED_STATES - {_S.SCHEDULED}
NO_CAMPAIGN = phrase("There is no campaign at this web address.")


@dataclass(frozen=True)
class CampaignPage:
    """What the campaign page shows, in the language that is spoken.

    `is_practice`: no real offices are there; `is_test`: nothing leaves the machine. The people counted are those whose
    letters are of that kind.
    """

    stored: StoredCampaign
    page_html: Markup
    people: int
    people_last_hour: int
    is_practice: bool
    is_test: bool
    us_state: str
    us_state_name: str


def read_campaign(engine: Engine, slug: str) -> StoredCampaign:
    """The campaign; raises NotFound."""
    with at_once(engine) as connection:
        return require_campaign(connection, slug)


def require_campaign(connection: Connection, slug: str) -> StoredCampaign:
    """The campaign within a transaction; raises NotFound."""
    stored = rows.find_campaign(connection, slug)
    if stored is None:
        raise NotFound(NO_CAMPAIGN)
    return stored


def find_campaign(engine: Engine, slug: str) -> StoredCampaign | None:
    """The campaign, None when there is none."""
    with at_once(engine) as connection:
        return rows.find_campaign(connection, slug)


def is_published(stored: StoredCampaign) -> bool:
    """True when strangers may see the campaign."""
    return stored.state in PUBLISHED_STATES


def is_known_published(slug: str) -> bool:
    """True when this process has read that the campaign was published, without asking the database."""
    known = rows.remembered(slug)
    return known is not None and known.state in _PUBLISHED_FOR_GOOD


def list_published(engine: Engine) -> list[StoredCampaign]:
    """The campaigns that strangers may see, newest first."""
    return [stored for stored in list_campaigns(engine) if is_published(stored)]


def list_campaigns(engine: Engine) -> list[StoredCampaign]:
    """All campaigns, newest first."""
    with engine.connect() as connection:
        return rows.list_campaigns(connection)


def campaign_page(engine: Engine, settings: Settings, slug: str) -> CampaignPage:
    """Text, counter and what the page must say about practice and test; raises NotFound."""
    with at_once(engine) as connection:
        stored = require_campaign(connection, slug)
        practice = not has_real_directory(connection, stored.campaign.jurisdiction)
        is_test = speaks_of_a_test(stored.state, configured_relay(settings), is_practice=practice)
        people, last_hour = _count_people(connection, stored.id, is_test=is_test)
    return CampaignPage(
        stored=stored,
        page_html=page_html(stored.campaign.text_in(spoken()).page),
        people=people,
        people_last_hour=last_hour,
        is_practice=practice,
        is_test=is_test,
        us_state=stored.campaign.jurisdiction.upper(),
        us_state_name=state_of(stored.campaign.jurisdiction).name,
    )


def import_campaign(
    engine: Engine,
    file_text: str,
    *,
    name: str,
    overrides: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> StoredCampaign:
    """Reads a campaign file and stores it under its slug, with its logo from the folder that the file is in.

    A campaign of the same slug is replaced without a question (`campaign_import` compares first). Raises
    CampaignFileError with every problem.
    """
    campaign, picture = read_campaign_file(file_text, name=name, overrides=overrides, folder=folder)
    with engine.begin() as connection:
        if not rows.knows_zone(connection, campaign.timezone):
            raise CampaignFileError([f"The database does not know the time zone {campaign.timezone}."])
        stored = rows.save_campaign(connection, campaign, picture.image if picture else None, "from a file")
        save_logo(connection, stored.id, picture)
    return stored


def read_campaign_file(
    file_text: str, *, name: str, overrides: Mapping[str, str] | None = None, folder: Path | None = None
) -> tuple[Campaign, StoredLogo | None]:
    """The campaign in a file and its logo; raises CampaignFileError with every problem."""
    campaign = parse_campaign(file_text, name=name, overrides=overrides)
    if not campaign.logo:
        return campaign, None
    logo, picture = load_logo(folder, campaign.logo)
    return replace(campaign, logo=logo), picture


def export_campaign(engine: Engine, slug: str) -> str:
    """The campaign as a file that imports as the same campaign; raises NotFound."""
    return format_campaign(read_campaign(engine, slug).campaign)


def change_campaign_state(
    engine: Engine,
    slug: str,
    state: CampaignState,
    *,
    actor: str,
    seen: CampaignState | None = None,
    mark: str | None = None,
) -> None:
    """Moves a campaign along its states; going live never releases a test letter, whose route is fixed.

    `seen` is the state that the organizer saw, and `mark` names the text that was looked at before. Raises NotFound,
    NotAllowed (also when the text is another one now), and StateChanged if the state is.
    """
    with engine.begin() as connection:
        stored = require_campaign(connection, slug)
        if seen is not None and stored.state is not seen:
            _raise_changed(connection, stored.id)
        if mark is not None:
            stored = lock_campaign(connection, slug)
            require_marked(mark, stored.campaign)
        mailing = move_campaign(connection, stored, state, actor=actor)
    if mailing is not None:
        prepare_first(engine, mailing)


def move_campaign(connection: Connection, stored: StoredCampaign, state: CampaignState, *, actor: str) -> int | None:
    """The same within a transaction; the mailing that workers now prepare, if any. Raises NotAllowed, StateChanged."""
    require_arrow(stored, state)
    if stored.campaign.slug == SIMULATION and state in (_S.SCHEDULED, _S.LIVE):
        raise NotAllowed("The simulated action day never goes live. Remove it: dearrep simulate --clean")
    _write_state(connection, stored, state, actor=actor)
    if state is CampaignState.WON:
        return _plan_victory(connection, stored, actor=actor)
    if stored.state is CampaignState.WON:
        mailings.stop_won(connection, stored.id)
    return None


def count_victory(engine: Engine, stored: StoredCampaign) -> int:
    """How many people get an email when the campaign is won; 0 without such an email."""
    steps = stored.campaign.planned(Trigger.WON, now())
    if not steps:
        return 0
    with at_once(engine) as connection:
        return mailings.count_people(connection, stored.id, only_consented=_is_for_consented(steps))


def read_victory(engine: Engine, stored: StoredCampaign) -> Mailing | None:
    """How far the emails of a campaign that is won are prepared."""
    if stored.state is not CampaignState.WON:
        return None
    with at_once(engine) as connection:
        return mailings.find_won(connection, stored.id)


def _plan_victory(connection: Connection, stored: StoredCampaign, *, actor: str) -> int | None:
    steps = stored.campaign.planned(Trigger.WON, now())
    if not steps:
        return None
    return mailings.insert_mailing(connection, stored.id, steps, actor=actor, only_consented=_is_for_consented(steps))


def _is_for_consented(steps: Sequence[PlannedStep]) -> bool:
    return all(Need.CONSENTED in step.needs for step in steps)


def lock_campaign(connection: Connection, slug: str) -> StoredCampaign:
    """The campaign, which nobody else changes until the end of the transaction; raises NotFound."""
    rows.lock_campaign(connection, require_campaign(connection, slug).id)
    return require_campaign(connection, slug)


def require_arrow(stored: StoredCampaign, state: CampaignState) -> None:
    """Raises NotAllowed for a state that can't follow the campaign's own."""
    if state not in CAMPAIGN_ARROWS[stored.state]:
        raise NotAllowed(f"A campaign that is {stored.state} can't become {state}.")


def turn_campaigns(engine: Engine) -> None:
    """Opens what is scheduled for now, and closes what is past its deadline. Letters under way go on.

    Raises RowsFailedError at the end if any campaign failed.
    """
    faults = Faults()
    with engine.connect() as connection:
        numbers = rows.turning(connection)
    for number in numbers:
        with apart(faults, "campaign.not_turned", campaign_id=number), engine.begin() as connection:
            _turn(connection, number)
    raise_faults(faults)


def _turn(connection: Connection, number: int) -> None:
    stored = rows.lock_turning(connection, number)
    if stored is not None:
        state = _S.LIVE if stored.state is _S.SCHEDULED else _S.CLOSED
        _write_state(connection, stored, state, actor="calendar")


def _write_state(connection: Connection, stored: StoredCampaign, state: CampaignState, *, actor: str) -> None:
    """Raises StateChanged if the campaign is no longer as it was read."""
    if not rows.write_state(connection, stored, state, actor=actor):
        _raise_changed(connection, stored.id)
    if happened := happening_of(stored.state, state):
        note(connection, happened, campaign_ids=[stored.id])
    _LOG.info("campaign.state", campaign_id=stored.id, old=stored.state.value, new=state.value, actor=actor)


def _raise_changed(connection: Connection, campaign_id: int) -> NoReturn:
    state, by, at = rows.read_state(connection, campaign_id)
    raise StateChanged(state, actor=by, at=at)


def require_not_ended(stored: StoredCampaign) -> None:
    """Raises NotAllowed for a campaign that is over."""
    if stored.state in (_S.CLOSED, _S.WON):
        raise NotAllowed(phrase("This campaign has ended. Nothing was sent."))


def require_open(stored: StoredCampaign) -> Campaign:
    """The campaign when supporters may act on it; raises NotAllowed with the reason."""
    if stored.state not in OPEN_STATES:
        if stored.state is CampaignState.SCHEDULED:
            raise NotAllowed(phrase("This campaign has not opened yet. Nothing was sent."))
        raise NotAllowed(phrase("This campaign has ended. Nothing was sent."))
    return stored.campaign


def _count_people(connection: Connection, campaign_id: int, *, is_test: bool) -> tuple[int, int]:
    """Everybody, and those of the last hour, who wrote real letters, or who wrote test letters."""
    recent = func.count().filter(submission.c.accepted_at > func.now() - timedelta(hours=1))
    query = select(func.count(), recent).where(
        submission.c.campaign_id == campaign_id, submission.c.accepted_at.is_not(None), submission.c.is_test == is_test
    )
    everyone, last_hour = connection.execute(query).one()
    return everyone, last_hour
