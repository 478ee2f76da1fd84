"""A campaign opens and closes by its dates, each once, and says so on its page."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from shared.db.tables import campaign
from shared.domain.states import CampaignState
from shared.services.campaigns import change_campaign_state, read_campaign, turn_campaigns
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_draft, make_ring

PAST, FUTURE = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))


def make(engine: Engine, state: CampaignState, **dates: datetime) -> None:
    head = "".join(f"{name} = {moment.isoformat()}\n" for name, moment in dates.items())
    make_draft(engine, CAMPAIGN.replace("+++\n<!-- page", f"{head}+++\n<!-- page"))
    with engine.begin() as connection:
        connection.execute(update(campaign).values(state=state.value))


@pytest.mark.parametrize(
    ("state", "dates", "then"),
    [
        (CampaignState.SCHEDULED, {"opens": PAST}, CampaignState.LIVE),
        (CampaignState.SCHEDULED, {"opens": FUTURE}, CampaignState.SCHEDULED),
        (CampaignState.SCHEDULED, {}, CampaignState.SCHEDULED),
        (CampaignState.DRAFT, {"opens": PAST, "deadline": PAST}, CampaignState.DRAFT),
        (CampaignState.LIVE, {"deadline": PAST}, CampaignState.CLOSED),
        (CampaignState.PAUSED, {"deadline": PAST}, CampaignState.CLOSED),
        (CampaignState.LIVE, {"deadline": FUTURE}, CampaignState.LIVE),
        (CampaignState.WON, {"deadline": PAST}, CampaignState.WON),
    ],
)
def test_what_its_date_has_come_for(
    engine: Engine, state: CampaignState, dates: dict[str, datetime], then: CampaignState
) -> None:
    make(engine, state, **dates)
    turn_campaigns(engine)
    turn_campaigns(engine)
    assert read_campaign(engine, "co-ops").state is then


def test_the_sweep_keeps_the_dates(engine: Engine, settings: Settings) -> None:
    make(engine, CampaignState.SCHEDULED, opens=PAST)
    sweep(engine, make_ring(settings), settings)
    stored = read_campaign(engine, "co-ops")
    assert stored.state is CampaignState.LIVE
    assert stored.published_at is not None


def test_a_date_without_an_hour_is_the_beginning_of_its_day(engine: Engine) -> None:
    stored = make_draft(engine, CAMPAIGN.replace("+++\n<!-- page", "opens = 2027-03-01\n+++\n<!-- page"))
    assert stored.campaign.opens is not None
    assert stored.campaign.opens.isoformat() == "2027-03-01T00:00:00-05:00"
    change_campaign_state(engine, "co-ops", CampaignState.SCHEDULED, actor="test")
    assert read_campaign(engine, "co-ops").campaign.opens == stored.campaign.opens
