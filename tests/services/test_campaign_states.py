"""A campaign's state changes only if it is still the state that the organizer saw."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, text

from shared.domain.campaigns import StoredCampaign
from shared.domain.states import CampaignState
from shared.errors import StateChanged
from shared.services import campaigns
from shared.services.campaigns import change_campaign_state, turn_campaigns
from tests.factories import make_draft

Meanwhile = Callable[[Callable[[], None]], None]


@pytest.fixture
def live(engine: Engine) -> None:
    make_draft(engine)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Another organizer does this right after the campaign was read."""

    def arrange(act: Callable[[], None]) -> None:
        real = campaigns.require_campaign

        def read(connection: Connection, slug: str) -> StoredCampaign:
            stored = real(connection, slug)
            monkeypatch.setattr(campaigns, "require_campaign", real)
            act()
            return stored

        monkeypatch.setattr(campaigns, "require_campaign", read)

    return arrange


def state(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(text("SELECT state FROM campaign")))


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("late", [CampaignState.CLOSED, CampaignState.PAUSED, CampaignState.WON])
def test_a_change_that_came_first_stands(engine: Engine, meanwhile: Meanwhile, late: CampaignState) -> None:
    meanwhile(lambda: change_campaign_state(engine, "co-ops", CampaignState.WON, actor="organizer:1"))
    with pytest.raises(StateChanged, match="is won now: it was changed meanwhile") as told:
        change_campaign_state(engine, "co-ops", late, actor="organizer:2")
    assert (told.value.actor, told.value.state, state(engine)) == ("organizer:1", "won", "won")
    assert told.value.at is not None
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM mailing")) == 1


@pytest.mark.usefixtures("live")
def test_a_page_that_was_opened_before_the_change_changes_nothing(engine: Engine) -> None:
    change_campaign_state(engine, "co-ops", CampaignState.PAUSED, actor="organizer:1")
    with pytest.raises(StateChanged):
        change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="organizer:2", seen=CampaignState.LIVE)
    assert state(engine) == "paused"
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="organizer:2", seen=CampaignState.PAUSED)
    assert state(engine) == "closed"


@pytest.mark.usefixtures("live")
def test_the_calendar_closes_nothing_that_was_won(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET deadline = now() - interval '1 hour'"))
    change_campaign_state(engine, "co-ops", CampaignState.WON, actor="organizer:1")
    turn_campaigns(engine)
    assert state(engine) == "won"
