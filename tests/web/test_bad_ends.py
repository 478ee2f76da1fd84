"""Where a supporter can't go on, a page says plainly why, and what they can do instead."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, update

from shared.clock import now
from shared.db.tables import campaign as campaigns
from shared.db.tables import letter, submission
from shared.domain.states import CampaignState
from shared.services.campaigns import change_campaign_state
from tests.factories import CAMPAIGN, make_campaign
from tests.web.test_supporter import TYPED, begin, count, press

NASHUA = {"street": "9 Main Street", "city": "Nashua", "zip": "03060"}


@pytest.fixture(autouse=True)
def stored(engine: Engine) -> None:
    make_campaign(engine)


def test_outside_the_state_says_which_state(client: FlaskClient, prepare: Callable[[], int]) -> None:
    path = begin(client, **NASHUA)
    prepare()
    page = client.get(path)
    assert page.status_code == 200
    assert '<h1 class="title">This address is in New Hampshire</h1>' in page.text
    assert "legislators of Massachusetts only" in page.text
    assert "Do you know somebody in Massachusetts?" in page.text
    assert "/c/co-ops?source=share" in page.text
    assert 'id="send"' not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for name, typed in NASHUA.items():
        assert f'name="{name}" value="{typed}"' in page.text


def test_outside_by_a_map_names_no_state(client: FlaskClient, engine: Engine) -> None:
    path = begin(client)
    with engine.begin() as connection:
        connection.execute(update(submission).values(state="needs_address", lookup_status="outside"))
    assert '<h1 class="title">This address is outside Massachusetts</h1>' in client.get(path).text


def test_a_page_that_waits_goes_to_the_one_for_outside(client: FlaskClient, prepare: Callable[[], int]) -> None:
    path = begin(client, **NASHUA)
    prepare()
    part = client.get(f"{path}?part=1")
    assert "data-anew" in part.text
    assert "data-stop" in part.text
    # For everybody else it stays where it is.
    inside = begin(client)
    prepare()
    assert "data-anew" not in client.get(f"{inside}?part=1").text


def test_a_wrong_address_is_mended_there(client: FlaskClient, engine: Engine, prepare: Callable[[], int]) -> None:
    path = begin(client, **NASHUA)
    prepare()
    again = press(client, path, "address", **NASHUA | {"street": ""})
    assert again.status_code == 422
    assert "This address is in New Hampshire" in again.text
    assert '<details class="mend" open>' in again.text
    assert 'name="street" value=""' in again.text
    assert 'value="Nashua"' in again.text
    mended = press(client, path, "address", street="12 Maple Street", city="Worcester", zip="01603")
    assert mended.location == path
    prepare()
    assert "Pat Practice" in client.get(path).text


def test_whoever_sent_before_the_answer_reads_that_nothing_has_left(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(client, **NASHUA)
    status = press(client, path, "send").location
    prepare()
    assert "One question first" in client.get(status).text
    page = client.get(path).text
    assert "This address is in New Hampshire" in page
    assert "You have already pressed Send" in page
    assert "do not send" not in page
    press(client, path, "address", street="12 Maple Street", city="Worcester", zip="01603")
    prepare()
    assert count(engine, letter) == 2


def test_the_page_for_outside_is_for_its_writer_only(
    client: FlaskClient, app: Flask, prepare: Callable[[], int]
) -> None:
    path = begin(client, **NASHUA)
    prepare()
    stranger = app.test_client().get(path)
    assert stranger.status_code == 403
    assert "Nashua" not in stranger.text


def test_a_vacant_seat_is_a_choice(client: FlaskClient, engine: Engine, prepare: Callable[[], int]) -> None:
    path = begin(client)
    prepare()
    page = client.get(path).text
    assert "rather not wait" not in page
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE office_holder SET valid_to = current_date")
    assert "Uncheck the box if you would rather not wait." in client.get(path).text
    status = press(client, path, "send").location
    prepare()
    with engine.begin() as connection:
        connection.execute(update(submission).values(leaves_at=now()))
    page = client.get(status).text
    assert page.count("We keep your letter for the next office holder.") == 2
    assert page.count("Take this letter back") == 2


def test_too_late_is_not_called_sent(client: FlaskClient, engine: Engine, prepare: Callable[[], int]) -> None:
    path = begin(client, street="PO Box 7")
    status = press(client, path, "send").location
    prepare()
    with engine.begin() as connection:
        connection.execute(update(submission).values(state="expired"))
    page = client.get(status).text
    assert "<h1>Nothing was sent</h1>" in page
    assert "We have your letters" not in page
    assert "/c/co-ops#form" in page


def test_letters_taken_back_lead_to_a_new_one_while_there_can_be_one(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    status = press(client, begin(client), "send").location
    with engine.begin() as connection:
        connection.execute(update(submission).values(state="withdrawn"))
    assert "/c/co-ops#form" in client.get(status).text
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    assert "/c/co-ops#form" not in client.get(status).text


def test_who_already_wrote_is_promised_no_copy(client: FlaskClient, app: Flask, prepare: Callable[[], int]) -> None:
    for browser in (client, app.test_client()):
        path = begin(browser)
        prepare()
        status = press(browser, path, "send").location
        prepare()
    page = browser.get(status).text
    assert "Each office gets one letter per person." in page
    assert "We have your letters" not in page
    assert "If you already wrote, we sent you a link" in page


def schedule(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(campaigns).values(state="scheduled", updated_at=func.now()))


def test_a_campaign_that_opens_later_takes_nothing(client: FlaskClient, engine: Engine) -> None:
    schedule(engine)
    answer = client.post("/c/co-ops", data=TYPED)
    assert answer.status_code == 409
    assert "This campaign opens soon" in answer.text
    assert "Your letter was not sent." in answer.text
    assert "Did you write before?" not in answer.text


@pytest.mark.parametrize(
    ("opens", "said"), [("2031-05-01", "May 1, 2031"), ("2031-05-01T09:30:00", "May 1, 9:30 am EDT")]
)
def test_a_campaign_says_when_it_opens(client: FlaskClient, engine: Engine, opens: str, said: str) -> None:
    make_campaign(engine, CAMPAIGN.replace('host = "', f'opens = {opens}\nhost = "'))
    schedule(engine)
    assert f"Come back on {said} to write" in client.get("/c/co-ops").text


@pytest.mark.parametrize(("url", "shown"), [("https://n2n.example", True), ("javascript:alert(1)", False)])
def test_an_ended_campaign_leads_to_its_host(client: FlaskClient, engine: Engine, url: str, shown: bool) -> None:
    make_campaign(engine, CAMPAIGN.replace('host = "', f'host_url = "{url}"\nhost = "'))
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    page = client.get("/c/co-ops").text
    assert ("More from Neighbors United" in page) is shown
    assert (url in page) is shown
    assert "What this campaign is about" in page
