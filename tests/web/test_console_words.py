"""What the console tells somebody who has read no manual: what is next, why letters are tests, who did what."""

from flask.testing import FlaskClient
from sqlalchemy import Engine, insert, text

from shared.db.tables import organizer
from shared.domain.states import CampaignState
from shared.services.campaigns import change_campaign_state
from tests.web.test_organizer import letters, signed_in
from web.presenters import breakable

# Pytest finds fixtures by their name in this module.
__all__ = ["letters", "signed_in"]

LIVE_PAGE = "/admin/campaigns/co-ops"
TESTS = "The campaign is live, but its letters are tests."


def test_a_draft_is_edited_and_a_live_campaign_is_watched(signed_in: FlaskClient, engine: Engine) -> None:
    page = signed_in.get("/admin/").text
    assert ("Edit and publish" in page, "Watch delivery" in page) == (True, False)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    page = signed_in.get("/admin/").text
    assert ("Edit and publish" in page, "Watch delivery" in page) == (False, True)


def test_a_live_campaign_says_why_its_letters_are_tests(signed_in: FlaskClient, engine: Engine) -> None:
    assert TESTS not in signed_in.get(LIVE_PAGE).text
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    page = signed_in.get(LIVE_PAGE).text
    assert TESTS in page
    assert "they go to practice offices" in page


def test_the_publish_list_tells_duties_from_advice(signed_in: FlaskClient) -> None:
    page = signed_in.get(f"{LIVE_PAGE}/edit/publish").text
    assert "To do first" in page
    assert "See how to load the real ones" in page


def test_histories_name_who_did_it(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    def said(actor: str) -> str:
        with engine.begin() as connection:
            connection.execute(text("UPDATE letter_event SET actor = :actor"), {"actor": actor})
        return signed_in.get(f"/admin/letters/{letters[0]}").text

    with engine.begin() as connection:
        values = {"id": 70, "email": "ana@example.org", "name": "Ana Lima"}
        connection.execute(insert(organizer).values(values))
    assert "By you." in said("organizer:1")
    assert "By Ana Lima." in said("organizer:70")
    assert "By organizer 71." in said("organizer:71")


def test_long_words_may_break_and_stay_safe() -> None:
    assert breakable("a<b@example.org") == "a&lt;b@<wbr>example.org"
