"""The results of a campaign on the organizer's pages, and mending what fails."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, update

from shared.db.tables import letter, office_holder
from tests.factories import CAMPAIGN, make_campaign
from tests.web.test_organizer import letters, press, signed_in

# Pytest finds fixtures by their name in this module.
__all__ = ["letters", "signed_in"]

PAGE = "/admin/campaigns/co-ops/results"
OFFICE = "/admin/campaigns/co-ops/offices/{}/address"


def text_of(client: FlaskClient, path: str = PAGE) -> str:
    """The page's words in one line."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture
def failing(engine: Engine, letters: list[int]) -> int:
    """An office whose address fails and holds three letters; three more have left, one is answered."""
    with engine.begin() as connection:
        row = connection.execute(select(letter).where(letter.c.id == letters[0])).mappings().one()
        mine = letter.c.office_id == row["office_id"]
        connection.execute(update(letter).where(mine).values(state="held", hold_reason="address_failing"))
        connection.execute(update(letter).where(~mine).values(state="sent"))
        answered = select(func.max(letter.c.id)).where(~mine).scalar_subquery()
        connection.execute(update(letter).where(letter.c.id == answered).values(answered_at=func.now()))
        values = {"email_failed_at": func.now(), "email_failure": "no_such_address"}
        connection.execute(update(office_holder).where(office_holder.c.id == row["office_holder_id"]).values(values))
    return int(row["office_id"])


def test_the_page_says_so_while_there_is_nothing(signed_in: FlaskClient) -> None:
    page = text_of(signed_in)
    assert "No letters yet" in page
    assert "Answers by legislator" not in page
    assert f'href="{PAGE}"' in signed_in.get("/admin/campaigns/co-ops").text


def test_the_page_shows_what_came_of_the_campaign(signed_in: FlaskClient, failing: int) -> None:
    page = text_of(signed_in)
    for words in (
        "These are test letters.",
        "Letters that left 3 of 6 written by 3 people",
        "Accepted 3",
        "Answered 1 of 3, 33 %",
        "1 of 3 33 %",
        "No letter bounced, and none was refused.",
        "Addresses of offices that fail",
        "The email address does not exist. 3 Correct",
        "Agreed to hear from Neighbors United 0 people",
    ):
        assert words in page, words
    make_campaign(signed_in.application.extensions["dearrep"].engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    assert "No letters yet" in text_of(signed_in, "/admin/campaigns/trees/results")


def test_what_bounced_leads_to_its_letters(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    with engine.begin() as connection:
        connection.execute(update(letter).values(state="bounced", cause="mailbox_full"))
    assert "The mailbox is full." in text_of(signed_in)
    assert "/admin/campaigns/co-ops?state=bounced#letters" in signed_in.get(PAGE).text


def test_legislators_beyond_the_first_are_shown_on_request(
    signed_in: FlaskClient, failing: int, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.admin.results._SHOWN", 1)
    with engine.begin() as connection:
        connection.execute(update(letter).values(state="sent", hold_reason=None))
    assert "1 of 2 legislators Show all 2" in text_of(signed_in)
    assert "Show all" not in text_of(signed_in, f"{PAGE}?all=1")


def test_addresses_are_tried_again_after_a_question(signed_in: FlaskClient, engine: Engine, failing: int) -> None:
    path = f"{PAGE}/try-again"
    assert "3 letters of this campaign that are held for them leave" in text_of(signed_in, path)
    assert states(engine) == {"held", "sent"}
    assert press(signed_in, path).location == PAGE
    assert states(engine) == {"queued", "sent"}
    assert "3 held letters leave when due." in text_of(signed_in)
    assert signed_in.get(path).location == "/admin/campaigns/co-ops"
    assert signed_in.post(path).status_code == 400


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (3, "3 letters of this campaign are held now. Dear Rep sends them once you enter an address that works"),
        (1, "1 letter of this campaign is held now. Dear Rep sends it once you enter an address that works"),
        (0, "No letter of this campaign is held now. Dear Rep holds new ones until you enter an address that works."),
    ],
)
def test_the_page_of_a_failing_address_says_what_becomes_of_letters(
    signed_in: FlaskClient, engine: Engine, failing: int, left: int, words: str
) -> None:
    with engine.begin() as connection:
        held = select(letter.c.id).where(letter.c.state == "held").order_by(letter.c.id).offset(left)
        connection.execute(update(letter).where(letter.c.id.in_(held)).values(state="sent", hold_reason=None))
    page = text_of(signed_in, OFFICE.format(failing))
    assert words in page
    assert "has failed since" in page


def test_an_address_is_corrected_and_its_letters_leave(signed_in: FlaskClient, engine: Engine, failing: int) -> None:
    path = OFFICE.format(failing)
    assert "3 letters of this campaign are held now." in text_of(signed_in, path)
    refused = press(signed_in, path, email="nonsense", second_email="")
    assert refused.status_code == 422
    assert "Enter an email address in the form" in refused.text
    assert 'value="nonsense"' in refused.text
    assert press(signed_in, path, email="new@practice.example", second_email="").location == PAGE
    page = text_of(signed_in)
    assert "is corrected. 3 held letters leave when due." in page
    assert "Addresses of offices that fail" not in page
    assert signed_in.get(path).status_code == 404
    with engine.connect() as connection:
        queued = select(letter.c.recipient_email).where(letter.c.state == "queued")
        assert set(connection.scalars(queued)) == {"new@practice.example"}


def states(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(letter.c.state)))
