"""Personal links: filled in for their person, a question for everybody else, and never a letter without a press."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text
from werkzeug.test import TestResponse

from shared.db.tables import letter, submission
from shared.domain.places import HomeAddress
from shared.domain.states import CampaignState
from shared.domain.supporter_input import SupporterDetails
from shared.services.campaigns import change_campaign_state
from shared.services.invitations import MOST_GUESSES, invite
from shared.settings import Settings
from tests.factories import make_campaign

HOME = HomeAddress("12 Maple Street", "Worcester", "MA", "01603")
JAMIE = SupporterDetails("Jamie", "Rivera", "jamie@example.org", HOME)


@pytest.fixture
def link(engine: Engine, settings: Settings) -> str:
    make_campaign(engine)
    [invited] = invite(engine, settings, "co-ops", [JAMIE], source="sms-1012")
    return invited.link.removeprefix(settings.public_url)


def csrf(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found
    return found[1]


def test_the_first_browser_gets_the_letter_filled_in(
    client: FlaskClient, engine: Engine, link: str, prepare: Callable[[], int]
) -> None:
    assert prepare() == 0, "nobody is looked up before the link is opened"
    opened = client.get(link)
    assert opened.status_code == 303
    prepare()
    page = client.get(opened.location).text
    assert "Writing as Jamie Rivera." in page
    assert "Not you? Start over" in page
    assert "12 Maple Street, Worcester" in page
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(letter)) == 0
        assert connection.scalar(select(submission.c.source)) == "sms-1012"
        assert connection.scalar(select(submission.c.accepted_at)) is None
    assert client.get(link).location == opened.location


def test_a_forwarded_link_asks_and_shows_nobody(app: Flask, client: FlaskClient, link: str) -> None:
    client.get(link)
    friend = app.test_client()
    page = friend.get(link)
    assert page.status_code == 200
    assert "j•••@example.org" in page.text
    assert "Jamie" not in page.text
    assert "Maple" not in page.text
    wrong = friend.post(link, data={"csrf_token": csrf(page.text), "email": "robin@example.org"})
    assert wrong.status_code == 422
    assert "This is not the email address that the link was made for" in wrong.text
    assert "Jamie" not in wrong.text
    right = friend.post(link, data={"csrf_token": csrf(page.text), "email": " Jamie@Example.org "})
    assert right.status_code == 303
    assert "Jamie" in friend.get(right.location).text


def test_not_you_forgets_the_letter_here(client: FlaskClient, link: str, prepare: Callable[[], int]) -> None:
    letter_page = client.get(link).location
    prepare()
    data = {"csrf_token": csrf(client.get(letter_page).text)}
    assert client.post(f"{letter_page}/forget", data=data).location == "/c/co-ops#form"
    assert client.get(letter_page).status_code == 403
    assert "j•••@example.org" in client.get(link).text


def test_a_link_ends_with_its_campaign_and_leads_to_the_status_once_sent(
    app: Flask, client: FlaskClient, engine: Engine, link: str, prepare: Callable[[], int]
) -> None:
    letter_page = client.get(link).location
    prepare()
    client.post(letter_page, data={"csrf_token": csrf(client.get(letter_page).text), "action": "send", "own_words": ""})
    assert "/s/" in client.get(link).location
    stranger = app.test_client()
    assert "Jamie" not in stranger.get(stranger.get(link).location).text
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    assert "/s/" in client.get(link).location


def test_a_closed_campaign_and_a_forged_key(client: FlaskClient, engine: Engine, link: str) -> None:
    assert client.get(f"{link}x").status_code == 404
    assert client.get(link.rsplit("/", 1)[0] + "/é").status_code == 404
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    assert client.get(link).location == "/c/co-ops"


def test_a_list_says_who_could_not_be_invited(engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    people = [JAMIE, SupporterDetails("", "Doe", "nobody", HOME), JAMIE]
    links = list(invite(engine, settings, "co-ops", people, source="x"))
    assert [bool(one.link) for one in links] == [True, False, True]
    assert "Enter your first name" in links[1].problem
    assert len({one.link for one in links}) == 3
    assert "jamie" not in links[0].link.lower()


def guess(client: FlaskClient, link: str, email: str, network: str = "93.184.216.34") -> TestResponse:
    token = csrf(client.get(link).text)
    return client.post(link, data={"csrf_token": token, "email": email}, environ_base={"REMOTE_ADDR": network})


def test_guessing_the_owners_email_ends_from_whatever_network(app: Flask, client: FlaskClient, link: str) -> None:
    client.get(link)
    answers = []
    for number in range(MOST_GUESSES + 2):
        stranger = app.test_client()
        answers.append(guess(stranger, link, f"j{number}@example.org", f"93.184.{number}.34"))
    assert [one.status_code for one in answers] == [422] * MOST_GUESSES + [429] * 2
    assert "Too many email addresses were tried with this link" in answers[-1].text
    # Also the right one: an answer to it would be what they look for.
    assert guess(app.test_client(), link, "jamie@example.org", "8.8.8.8").status_code == 429
    assert client.get(link).status_code == 303, "the first browser is not affected"


def test_slips_are_forgotten_once_the_owner_is_known_and_after_a_day(
    app: Flask, client: FlaskClient, engine: Engine, link: str
) -> None:
    client.get(link)
    for _ in range(MOST_GUESSES - 1):
        assert guess(app.test_client(), link, "robin@example.org").status_code == 422
    assert guess(app.test_client(), link, "Jamie@example.org").status_code == 303
    for _ in range(MOST_GUESSES):
        assert guess(app.test_client(), link, "robin@example.org").status_code == 422
    assert guess(app.test_client(), link, "jamie@example.org").status_code == 429
    with engine.begin() as connection:
        connection.execute(text("UPDATE invitation SET guessed_since = guessed_since - interval '25 hours'"))
    assert guess(app.test_client(), link, "jamie@example.org").status_code == 303


def test_one_links_guesses_are_not_anothers(
    app: Flask, client: FlaskClient, engine: Engine, settings: Settings, link: str
) -> None:
    [other] = invite(engine, settings, "co-ops", [replace(JAMIE, email="ana@example.org")], source="")
    theirs = other.link.removeprefix(settings.public_url)
    for one in (link, theirs):
        client.get(one)
    for _ in range(MOST_GUESSES + 1):
        guess(app.test_client(), link, "robin@example.org")
    assert guess(app.test_client(), theirs, "ana@example.org").status_code == 303


@pytest.mark.parametrize("typed", ["jamie@münchen.example", "Jamie@MÜNCHEN.example", "jamie@xn--mnchen-3ya.example"])
def test_an_address_with_letters_beyond_ascii_is_recognized_as_typed(
    app: Flask, client: FlaskClient, engine: Engine, settings: Settings, typed: str
) -> None:
    make_campaign(engine)
    [invited] = invite(engine, settings, "co-ops", [replace(JAMIE, email="jamie@münchen.example")], source="")
    link = invited.link.removeprefix(settings.public_url)
    client.get(link)
    assert guess(app.test_client(), link, typed).status_code == 303
