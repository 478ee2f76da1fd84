"""Unsubscribing, the preference page and "Did they answer?": opening changes nothing, one press does, undo is there."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, insert, select, true, update

from shared.db.tables import consent, follow_up, letter, submission, suppression
from shared.domain.identities import owner_key, unsubscribe_key
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.settings import Settings
from tests.factories import make_campaign, make_ring, write_letters
from tests.smtp_server import ScriptedSmtpServer

Send = Callable[..., list[str]]


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return make_ring(settings)


@pytest.fixture
def token(engine: Engine, settings: Settings, ring: Ring) -> str:
    make_campaign(engine)
    return write_letters(engine, ring, settings)


@pytest.fixture
def send(engine: Engine, settings: Settings, ring: Ring) -> Send:
    """Delivers all letters, makes emails of these kinds due (all without any), and sends them; the kinds that left."""

    def run(*kinds: str) -> list[str]:
        with ScriptedSmtpServer() as server:
            here = Settings(**{**settings.__dict__, "mailbox_url": server.url})
            deliver_letters(engine, ring, here, first_tries=True)
            with engine.begin() as connection:
                due = follow_up.c.kind.in_(kinds) if kinds else true()
                connection.execute(update(follow_up).where(due).values(due_at=func.now()))
            send_mail(engine, ring, here)
        with engine.connect() as connection:
            return list(connection.scalars(select(follow_up.c.kind).where(follow_up.c.state == "sent")))

    return run


def links(token: str, settings: Settings) -> dict[str, str]:
    own = f"{token}/{owner_key(settings.secret_key, token)}"
    return {
        "unsubscribe": f"/unsubscribe/{unsubscribe_key(settings.secret_key, 1)}",
        "preferences": f"/preferences/{own}",
        "answers": f"/answers/{own}",
    }


def test_opening_an_unsubscribe_link_asks_and_changes_nothing(
    client: FlaskClient, engine: Engine, settings: Settings, token: str, send: Send
) -> None:
    page = client.get(links(token, settings)["unsubscribe"])
    assert "No more emails about this campaign?" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(suppression)) == 0
    assert sorted(send()) == ["did_they_answer", "thank_you"]


def test_one_click_works_without_cookies_and_without_redirect(
    engine: Engine, settings: Settings, client: FlaskClient, token: str, send: Send
) -> None:
    url = links(token, settings)["unsubscribe"]
    for _ in range(2):
        answer = client.post(url, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "https://mail.example"})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    with engine.connect() as connection:
        row = connection.execute(select(suppression)).mappings().one()
    assert (row["reason"], row["source"]) == ("unsubscribed", "one click")
    assert send() == []
    with engine.connect() as connection:
        assert set(connection.scalars(select(follow_up.c.cause))) == {"suppressed"}


def test_unsubscribing_can_be_taken_back(client: FlaskClient, settings: Settings, token: str, send: Send) -> None:
    url = links(token, settings)["unsubscribe"]
    assert "You are unsubscribed" in client.post(url).text
    assert client.post(f"{url}/undo").status_code == 303
    assert "No more emails about this campaign?" in client.get(url).text
    assert sorted(send()) == ["did_they_answer", "thank_you"]


@pytest.mark.parametrize("page", ["unsubscribe", "preferences", "answers"])
def test_a_link_that_is_not_ours_is_not_there(client: FlaskClient, settings: Settings, token: str, page: str) -> None:
    url = links(token, settings)[page]
    wrong = url[:-1] + ("a" if url[-1] != "a" else "b")
    assert client.get(wrong).status_code == 404
    assert client.post(wrong).status_code == 404


def test_the_preference_page_keeps_exactly_what_is_ticked(
    client: FlaskClient, engine: Engine, settings: Settings, token: str, send: Send
) -> None:
    url = links(token, settings)["preferences"]
    first = client.get(url).text
    assert "Neighbors United" in first
    assert "jamie" not in first.lower()
    client.post(url, data={"emails": "1", "organizations": ["Neighbors United", "Somebody else"]})
    with engine.connect() as connection:
        given = connection.execute(select(consent)).mappings().one()
    assert (given["organization"], given["source"]) == ("Neighbors United", "preferences page")
    assert "Saved" in client.get(f"{url}?saved=1").text
    client.post(url, data={})
    with engine.connect() as connection:
        assert connection.scalar(select(consent.c.withdrawn_at)) is not None
    assert send() == []
    client.post(url, data={"emails": "1"})
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(suppression)) == 0


def test_withdrawing_reaches_the_same_person_s_other_letters(
    client: FlaskClient, engine: Engine, settings: Settings, ring: Ring, token: str
) -> None:
    other = write_letters(engine, ring, settings)
    for one in (token, other):
        client.post(links(one, settings)["preferences"], data={"emails": "1", "organizations": "Neighbors United"})
    client.post(links(token, settings)["preferences"], data={"emails": "1"})
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(consent.c.withdrawn_at.is_(None))) == 0


def test_an_answer_is_told_by_a_press_and_taken_back(
    client: FlaskClient, engine: Engine, settings: Settings, token: str, send: Send
) -> None:
    url = links(token, settings)["answers"]
    assert "None of your letters has left" in client.get(url).text
    send()
    page = client.get(url).text
    assert page.count("Yes, I got an answer") == 2
    client.post(url, data={"letter": "1", "answered": "yes"})
    assert client.get(url).text.count("Answered, as far as we know") == 1
    client.post(url, data={"letter": "1", "answered": "no"})
    with engine.connect() as connection:
        assert set(connection.scalars(select(letter.c.answered_at))) == {None}
    assert client.post(url, data={"letter": "77", "answered": "yes"}).status_code == 404
    assert client.post(url, data={"letter": "x", "answered": "yes"}).status_code == 404


def test_whoever_has_an_answer_is_not_asked_for_one(
    client: FlaskClient, engine: Engine, settings: Settings, token: str, send: Send
) -> None:
    send("thank_you")
    client.post(links(token, settings)["answers"], data={"letter": "1", "answered": "yes"})
    assert send() == ["thank_you"]
    with engine.connect() as connection:
        columns = select(follow_up.c.state, follow_up.c.cause)
        asked = connection.execute(columns.where(follow_up.c.kind == "did_they_answer"))
        assert {tuple(row) for row in asked} == {("cancelled", "not_needed")}
        assert connection.scalar(select(submission.c.state)) == "ready"


def test_saving_the_page_of_an_address_that_mail_came_back_from_is_no_unsubscription(
    client: FlaskClient, engine: Engine, settings: Settings, token: str
) -> None:
    with engine.begin() as connection:
        person = connection.scalar(select(submission.c.email_hash))
        connection.execute(insert(suppression).values(email_hash=person, reason="bounced"))
    client.post(links(token, settings)["preferences"], data={"organization": "Neighbors United"})
    with engine.connect() as connection:
        assert connection.scalars(select(suppression.c.reason)).all() == ["bounced"]


@pytest.mark.parametrize("page", ["unsubscribe/f1\u0663-", "preferences/x/\u00e9", "answers/x/\u00e9", "mine/x/\u00e9"])
def test_a_link_with_letters_that_no_link_of_ours_has_leads_nowhere(client: FlaskClient, page: str) -> None:
    assert client.get(f"/{page}{'a' * 16}").status_code == 404
