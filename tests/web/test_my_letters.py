"""The second visit: who comes back finds their copy, takes a letter back, deletes data; strangers learn nothing."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text

from shared.db.tables import follow_up, letter, submission
from shared.domain.identities import owner_key
from shared.domain.office_changes import ChangeKind
from shared.queue.ring import Ring
from shared.services.prepare import prepare_submissions
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.services.test_office_changes import Desk
from tests.web.test_supporter import TYPED, begin, count, csrf, press


@pytest.fixture(autouse=True)
def campaign(engine: Engine) -> None:
    make_campaign(engine)


@pytest.fixture
def token(client: FlaskClient, prepare: Callable[[], int]) -> str:
    """Jamie wrote from this browser."""
    path = begin(client)
    press(client, path, "send", own_words="Mine & <yours>")
    prepare()
    return path.rsplit("/", 1)[1]


def states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(letter.c.state).order_by(letter.c.id)))


def own_link(settings: Settings, token: str) -> str:
    return f"/mine/{token}/{owner_key(settings.secret_key, token)}"


def push(client: FlaskClient, page: str, path: str) -> int:
    return client.post(path, data={"csrf_token": csrf(client.get(page))}).status_code


def test_step_one_in_the_same_browser_leads_to_the_copy_and_on(client: FlaskClient, token: str, engine: Engine) -> None:
    answer = client.post("/c/co-ops", data=TYPED | {"email": "Jamie@example.org"})
    assert answer.status_code == 303
    assert answer.location.startswith(f"/mine/{token}?draft=")
    page = client.get(answer.location)
    assert re.search(r"<h1[^>]*>You wrote on \w+ \d+, \d{4}</h1>", page.text)
    assert "Mine &amp; &lt;yours&gt;" in page.text
    assert page.text.count('class="chip queued"') == 2
    onward = re.search(r'href="(/c/co-ops/letter/[^"]+)">Write another letter', page.text)
    assert onward
    assert "Read, edit and send" in client.get(onward[1]).text
    assert page.headers["Cache-Control"] == "no-store"
    assert count(engine, submission) == 2


def test_the_campaign_page_stays_the_same_for_everybody(client: FlaskClient, app: Flask, token: str) -> None:
    page = client.get("/c/co-ops")
    assert page.text == app.test_client().get("/c/co-ops").text
    assert "Set-Cookie" not in page.headers


def test_another_email_or_another_browser_goes_on_as_ever(client: FlaskClient, app: Flask, token: str) -> None:
    assert "/letter/" in begin(client, email="ana@example.org")
    assert "/letter/" in begin(app.test_client())


def test_a_draft_that_is_not_ours_is_not_linked(client: FlaskClient, app: Flask, token: str) -> None:
    other = begin(app.test_client(), email="ana@example.org").rsplit("/", 1)[1]
    assert "Write another letter" not in client.get(f"/mine/{token}?draft={other}").text


def test_the_letter_page_after_sending_is_the_copy(client: FlaskClient, token: str) -> None:
    answer = client.get(f"/c/co-ops/letter/{token}")
    assert answer.location == f"/mine/{token}"
    assert client.get(f"/c/co-ops/letter/{token}?part=1").location == f"/s/{token}"


def test_the_copy_is_what_was_sent_whatever_the_campaign_says_now(
    client: FlaskClient, engine: Engine, token: str
) -> None:
    make_campaign(engine, CAMPAIGN.replace("Please vote for the co-op bill.", "Other words."))
    page = client.get(f"/mine/{token}").text
    assert "Please vote for the co-op bill." in page
    assert "Other words." not in page


def test_the_emailed_link_opens_it_anywhere_and_a_bare_one_shows_states_only(
    app: Flask, settings: Settings, token: str
) -> None:
    phone, stranger = app.test_client(), app.test_client()
    assert "12 Maple Street" in phone.get(own_link(settings, token), follow_redirects=True).text
    seen = stranger.get(f"/mine/{token}", follow_redirects=True)
    assert seen.request.path == f"/s/{token}"
    for private in ("Jamie", "Maple", "jamie@example.org", "Mine &amp;", "Delete my data", "Take this letter back"):
        assert private not in seen.text
    assert stranger.get(f"/s/{token}/delete").location == f"/s/{token}"
    assert stranger.get("/mine/none").status_code == 404


def test_all_letters_of_the_person_in_this_browser_are_listed(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int], token: str
) -> None:
    begin(client, email="ana@example.org")
    # From another place, to the same practice offices, so the first letters have to be out of the way.
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET office_id = 2, state = 'cancelled', email_hash = 'x' || id"))
    path = client.post("/c/co-ops", data=TYPED).location
    draft = path.split("draft=")[1]
    press(client, f"/c/co-ops/letter/{draft}", "send")
    prepare()
    page = client.get(f"/mine/{draft}").text
    assert "You wrote more than once" in page
    assert re.findall(r'href="/mine/([^"?]+)"><b>', page) == [token]


def test_a_letter_that_waits_is_taken_back_alone(client: FlaskClient, engine: Engine, token: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'held', hold_reason = 'vacant_seat' WHERE id = 1"))
    page = client.get(f"/mine/{token}").text
    assert page.count("Take this letter back") == 2
    assert states(engine) == ["held", "queued"]
    assert push(client, f"/mine/{token}", f"/s/{token}/letters/1/cancel") == 303
    assert states(engine) == ["cancelled", "queued"]
    page = client.get(f"/mine/{token}").text
    assert page.count("Take this letter back") == 1
    with engine.connect() as connection:
        event = connection.execute(text("SELECT actor, cause FROM letter_event ORDER BY id DESC LIMIT 1")).one()
        assert tuple(event) == ("supporter", "supporter")
        assert connection.scalar(select(submission.c.state)) == "ready"


def test_the_last_one_takes_all_back(client: FlaskClient, engine: Engine, token: str) -> None:
    for number in (1, 2, 2):
        assert push(client, f"/s/{token}/delete", f"/s/{token}/letters/{number}/cancel") == 303
    assert "Your letters were taken back" in client.get(f"/mine/{token}", follow_redirects=True).text
    with engine.connect() as connection:
        assert set(connection.scalars(select(follow_up.c.state))) == {"cancelled"}
    assert "/letter/" in begin(client)


@pytest.mark.parametrize("state", ["sending", "sent", "uncertain", "bounced"])
def test_what_has_left_stays(client: FlaskClient, engine: Engine, token: str, state: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = :state WHERE id = 1"), {"state": state})
    assert push(client, f"/mine/{token}", f"/s/{token}/letters/1/cancel") == 409
    assert push(client, f"/mine/{token}", f"/s/{token}/letters/99/cancel") == 404
    assert states(engine)[0] == state


def test_taking_back_needs_the_browser_and_the_form(
    client: FlaskClient, app: Flask, engine: Engine, token: str
) -> None:
    assert client.post(f"/s/{token}/letters/1/cancel").status_code == 400
    assert client.post(f"/s/{token}/delete").status_code == 400
    stranger = app.test_client()
    form = {"csrf_token": csrf(stranger.get(begin(stranger, email="eve@example.org")))}
    for path in ("letters/1/cancel", "delete"):
        assert stranger.post(f"/s/{token}/{path}", data=form).status_code == 404
    assert states(engine) == ["queued", "queued"]


def test_deleting_asks_first_and_then_nothing_personal_is_left(
    client: FlaskClient, engine: Engine, token: str, settings: Settings
) -> None:
    asked = client.get(f"/s/{token}/delete")
    assert "What is deleted" in asked.text
    assert "What stays" in asked.text
    assert states(engine) == ["queued", "queued"]
    answer = client.post(f"/s/{token}/delete", data={"csrf_token": csrf(asked)})
    assert "Your data are deleted" in client.get(answer.location).text
    assert states(engine) == ["cancelled", "cancelled"]
    with engine.connect() as connection:
        assert connection.execute(select(submission.c.email, submission.c.street)).one() == ("", "")
    seen = client.get(f"/mine/{token}", follow_redirects=True)
    assert seen.request.path == f"/s/{token}"
    assert "Jamie" not in seen.text
    # The link in an old email shows states, too.
    assert "Who wrote them, and what, is deleted" in client.get(own_link(settings, token), follow_redirects=True).text


def test_a_stranger_who_typed_an_email_deletes_nothing_but_their_own(
    client: FlaskClient, app: Flask, engine: Engine, token: str, prepare: Callable[[], int]
) -> None:
    stranger = app.test_client()
    path = begin(stranger)
    press(stranger, path, "send")
    prepare()
    theirs = path.rsplit("/", 1)[1]
    assert "in this browser" in stranger.get(f"/s/{theirs}/delete").text
    assert push(stranger, f"/s/{theirs}/delete", f"/s/{theirs}/delete") == 303
    with engine.connect() as connection:
        emails = connection.scalars(select(submission.c.email).order_by(submission.c.id))
        assert list(emails) == ["jamie@example.org", ""]
    assert states(engine) == ["queued", "queued"]


def test_the_link_in_the_email_deletes_everything_of_the_person(
    app: Flask, engine: Engine, settings: Settings, ring: Ring, token: str
) -> None:
    write_letters(engine, ring, settings)
    write_letters(engine, ring, settings, "ana@example.org")
    phone = app.test_client()
    phone.get(own_link(settings, token))
    assert "in all campaigns" in phone.get(f"/s/{token}/delete").text
    assert push(phone, f"/s/{token}/delete", f"/s/{token}/delete") == 303
    with engine.connect() as connection:
        emails = connection.scalars(select(submission.c.email).order_by(submission.c.id))
        assert list(emails) == ["", "", "ana@example.org"]


def test_a_stranger_who_types_an_email_that_wrote_is_told_nothing_about_it(
    app: Flask, engine: Engine, token: str, prepare: Callable[[], int]
) -> None:
    stranger = app.test_client()
    path = begin(stranger)
    prepare()
    assert "Send my 2 letters" in stranger.get(path).text
    status = press(stranger, path, "send").location
    waiting = stranger.get(status).text
    assert "Finding your legislators" in waiting
    prepare()
    page = stranger.get(status).text
    assert "If you already wrote, we sent you a link" in page
    assert "You have already written" not in page
    assert "Mine &amp;" not in page
    assert 'class="chip' not in page
    assert len(states(engine)) == 2


def test_a_question_about_the_address_comes_before_the_copy(
    client: FlaskClient, app: Flask, settings: Settings, prepare: Callable[[], int]
) -> None:
    path = begin(client, street="PO Box 7")
    press(client, path, "send")
    prepare()
    token = path.rsplit("/", 1)[1]
    assert app.test_client().get(own_link(settings, token)).location == path
    assert "One question first" in client.get(f"/mine/{token}").text


def test_a_question_that_stayed_open_too_long_is_told_as_it_is(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(client, street="PO Box 7")
    press(client, path, "send")
    prepare()
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET state = 'expired'"))
    page = client.get(f"/mine/{path.rsplit('/', 1)[1]}").text
    assert "so we sent nothing" in page
    assert "Finding your legislators" not in page
    assert "Your copy" not in page


def test_a_letter_whose_seat_changed_hands_is_sent_on_or_taken_back_by_its_writer(
    client: FlaskClient, app: Flask, engine: Engine, ring: Ring, settings: Settings
) -> None:
    desk = Desk(engine, ring, settings)
    path = begin(client)
    press(client, path, "send", edited_body="Pat, you promised.")
    prepare_submissions(engine, ring, settings)
    token = path.rsplit("/", 1)[1]
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET leaves_at = now()"))
    desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    page = client.get(f"/mine/{token}")
    assert "This seat has a new office holder. Your letter is waiting for your decision." in page.text
    assert "Dear Practice Representative Noor Lane,\n\nPat, you promised." in page.text
    assert "Send it to the new office holder" in page.text
    assert page.text.count("Take this letter back") == 2
    send = f"/s/{token}/letters/1/send"
    assert "Send it to the new" not in app.test_client().get(f"/s/{token}").text
    assert app.test_client().post(send, data={"csrf_token": csrf(page)}).status_code in (400, 404)
    assert "held" in states(engine)
    assert push(client, f"/mine/{token}", send) == 303
    assert states(engine) == ["queued", "queued"]
    assert "Send it to the new" not in client.get(f"/mine/{token}").text
