"""The page of the launch rehearsal: asked for, watched, read."""

from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import Engine

from shared.services.rehearsal import run_rehearsals
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign
from tests.services.places.rehearsed import import_small_state
from tests.web.test_organizer import press, signed_in
from tests.web.test_results_page import text_of

# Pytest finds fixtures by their name in this module.
__all__ = ["signed_in"]

PAGE = "/admin/campaigns/co-ops/rehearsal"


def test_the_page_says_first_what_a_rehearsal_is(signed_in: FlaskClient, engine: Engine) -> None:
    make_campaign(engine)
    page = text_of(signed_in, PAGE)
    assert "Run the rehearsal" in page
    assert "No legislator gets anything" in page
    assert f'href="{PAGE}"' in signed_in.get("/admin/campaigns/co-ops").text


def test_a_run_is_watched_and_its_findings_have_words_and_links(
    signed_in: FlaskClient, engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    import_small_state(engine, tmp_path)
    make_campaign(engine)
    assert press(signed_in, PAGE).location == PAGE
    assert "Waiting for a worker" in text_of(signed_in, PAGE)
    assert "data-anew" not in signed_in.get(f"{PAGE}/live").text
    assert run_rehearsals(engine, None, settings) == 1
    assert "data-anew" in signed_in.get(f"{PAGE}/live").text
    page = text_of(signed_in, PAGE)
    for words in (
        "1 thing to mend before you go live",
        "Districts rehearsed 6",
        "1 vacant seat",
        "Representative, 4th Hampshire",
        "1 office without an email address",
        "senate.example 2 20,000 no limit as quickly as its server takes them",
        "Who gets which letter",
        "Run it again",
    ):
        assert words in page, words


def test_a_second_press_starts_no_second_run(signed_in: FlaskClient, engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    press(signed_in, "/admin/password", PAGE)
    press(signed_in, "/admin/password", PAGE)
    assert "A rehearsal is running already." in text_of(signed_in, PAGE)
    assert run_rehearsals(engine, None, settings) == 1


def test_a_campaign_shows_its_own_rehearsals_only(signed_in: FlaskClient, engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    press(signed_in, PAGE)
    run_rehearsals(engine, None, settings)
    assert "Districts rehearsed" in text_of(signed_in, PAGE)
    assert "Districts rehearsed" not in text_of(signed_in, "/admin/campaigns/trees/rehearsal")


def test_running_needs_the_forms_own_token(signed_in: FlaskClient, engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    signed_in.post(PAGE, data={})
    assert run_rehearsals(engine, None, settings) == 0
