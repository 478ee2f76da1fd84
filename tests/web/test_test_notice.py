"""The campaign page says that it is a test whenever Send would make one, and counts the letters it speaks of."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.domain.states import CampaignState
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.campaigns import campaign_page, change_campaign_state
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter
from web.app import create_app

NOTICE = "Test campaign: letters go to the local mailbox"
Write = Callable[[str, Settings], None]


@pytest.fixture
def with_relay(settings: Settings) -> Settings:
    return replace(settings, mail_relay_url="smtp://127.0.0.1:2525")


@pytest.fixture
def live(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live campaign in a state whose real offices are there."""
    for module in ("campaigns", "accept", "submission_view"):
        monkeypatch.setattr(f"shared.services.{module}.has_real_directory", lambda *_: True)
    make_campaign(engine, CAMPAIGN.replace("consents", "goal = 8\nconsents"))


@pytest.fixture
def write(live: None, engine: Engine, ring: Ring) -> Write:
    def send(email: str, settings: Settings) -> None:
        token = begin_submission(engine, ring, settings, "co-ops", make_supporter(email))
        accept_submission(engine, ring, settings, token, own_words="")

    return send


def show(engine: Engine, ring: Ring, settings: Settings) -> str:
    return create_app(settings, engine, ring).test_client().get("/c/co-ops").text


def test_a_live_campaign_without_a_relay_is_a_test_and_counts_tests(
    write: Write, engine: Engine, ring: Ring, settings: Settings, with_relay: Settings
) -> None:
    for email in ("a@example.org", "b@example.org"):
        write(email, settings)
    without = show(engine, ring, settings)
    assert NOTICE in without
    assert "2 of 8 people have written" in without
    assert NOTICE not in show(engine, ring, with_relay)
    assert campaign_page(engine, with_relay, "co-ops").people == 0


def test_real_letters_are_counted_by_themselves_also_when_the_campaign_has_ended(
    write: Write, engine: Engine, settings: Settings, with_relay: Settings
) -> None:
    for email, way in (("a@example.org", settings), ("b@example.org", with_relay), ("c@example.org", with_relay)):
        write(email, way)
    for state in (CampaignState.PAUSED, CampaignState.WON):
        change_campaign_state(engine, "co-ops", state, actor="test")
        page = campaign_page(engine, with_relay, "co-ops")
        assert (page.is_test, page.people, page.people_last_hour) == (False, 2, 2)
    assert campaign_page(engine, settings, "co-ops").people == 1
