"""Fences that hold programs off and stand in nobody's way: limits, a question about a slip, own words without links."""

import html
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text

from shared.clock import now
from shared.db.tables import letter, submission
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter, write_letters
from tests.web.test_organizer import press as press_button
from tests.web.test_organizer import sign_in
from tests.web.test_supporter import TYPED, begin, count, press
from web.app import create_app

FAR = "9.9.9.{}"
BUSY = "many tries in a short time"


@pytest.fixture(autouse=True)
def campaign(engine: Engine) -> None:
    make_campaign(engine)


@pytest.fixture
def strict(settings: Settings, engine: Engine, ring: Ring) -> Flask:
    return create_app(replace(settings, network_limit="3 per hour", email_limit="2 per hour"), engine, ring)


def post(app: Flask, email: str = "jamie@example.org", address: str = "127.0.0.1", **headers: str) -> int:
    client = app.test_client()
    data = TYPED | {"email": email}
    return client.post("/c/co-ops", data=data, headers=headers, environ_base={"REMOTE_ADDR": address}).status_code


def test_a_network_has_a_limit_and_the_next_one_has_its_own(strict: Flask) -> None:
    answers = [post(strict, f"p{number}@example.org", FAR.format(number)) for number in range(5)]
    assert answers == [303, 303, 303, 429, 429]
    assert post(strict, "q@example.org", "9.9.8.1") == 303
    six = [post(strict, f"s{number}@example.org", f"2606:4700::{number + 1:x}") for number in range(4)]
    assert six == [303, 303, 303, 429]
    assert post(strict, "t@example.org", "2606:4700:0:1::1") == 303


def test_only_this_machine_has_no_limit(strict: Flask, settings: Settings, engine: Engine, ring: Ring) -> None:
    assert {post(strict, f"p{number}@example.org") for number in range(6)} == {303}
    private = [post(strict, f"q{number}@example.org", "10.0.0.7") for number in range(4)]
    assert private == [303, 303, 303, 429]
    named = {"X-Forwarded-For": "1.1.1.1, 9.9.9.9"}
    assert [post(strict, f"r{number}@example.org", "10.0.0.7", **named) for number in range(4)] == [303, 303, 303, 429]
    mapped = [post(strict, f"m{number}@example.org", "::ffff:4.4.4.4") for number in range(4)]
    assert mapped == [303, 303, 303, 429]
    # A stranger's own header says nothing.
    forged = [post(strict, f"s{n}@example.org", "8.8.8.8", **{"X-Forwarded-For": f"7.7.{n}.7"}) for n in range(4)]
    assert forged == [303, 303, 303, 429]
    # Where others reach the pages, a connection from this machine is a web server that names nobody.
    elsewhere = replace(settings, network_limit="3 per hour", public_url="https://letters.example")
    public = create_app(elsewhere, engine, ring)
    assert [post(public, f"t{number}@example.org") for number in range(4)] == [303, 303, 303, 429]


def test_an_email_has_a_limit_and_what_was_typed_is_kept(strict: Flask, engine: Engine) -> None:
    assert [post(strict) for _ in range(2)] == [303, 303]
    assert post(strict, "Jamie@Example.ORG") == 429
    answer = strict.test_client().post("/c/co-ops", data=TYPED)
    assert answer.status_code == 429
    assert BUSY in answer.text
    for typed in TYPED.values():
        assert f'value="{typed}"' in answer.text
    assert 'role="alert"' in answer.text
    assert count(engine, submission) == 2
    assert post(strict, "other@example.org") == 303


def test_mistakes_do_not_use_up_an_email(strict: Flask) -> None:
    client = strict.test_client()
    assert {client.post("/c/co-ops", data=TYPED | {"street": ""}).status_code for _ in range(4)} == {422}
    assert post(strict) == 303


def test_the_limits_can_be_switched_off(settings: Settings, engine: Engine, ring: Ring) -> None:
    app = create_app(replace(settings, network_limit="off", email_limit="off"), engine, ring)
    assert {post(app, address="9.9.9.9") for _ in range(12)} == {303}


def test_a_slip_in_the_address_is_asked_about_once(client: FlaskClient, engine: Engine) -> None:
    typed = TYPED | {"email": "jamie@gmial.com"}
    asked = client.post("/c/co-ops", data=typed)
    assert asked.status_code == 422
    assert "Did you mean jamie@gmail.com?" in asked.text
    assert 'value="jamie@gmial.com"' in asked.text
    assert 'value="Rivera"' in asked.text
    assert count(engine, submission) == 0
    # Another mistake in between is not another question.
    hidden = {"asked": "jamie@gmial.com"}
    mended = client.post("/c/co-ops", data=typed | hidden | {"street": ""})
    assert "Did you mean" not in mended.text
    assert 'name="asked" value="jamie@gmial.com"' in mended.text
    assert client.post("/c/co-ops", data=typed | hidden).status_code == 303
    assert stored_emails(engine) == ["jamie@gmial.com"]


def test_one_press_takes_the_suggestion_and_a_corrected_address_stays(client: FlaskClient, engine: Engine) -> None:
    answer = {"asked": "jamie@gmial.com", "email_as": "jamie@gmail.com"}
    assert client.post("/c/co-ops", data=TYPED | answer | {"email": "jamie@gmial.com"}).status_code == 303
    assert client.post("/c/co-ops", data=TYPED | answer | {"email": "jamie@example.org"}).status_code == 303
    # Nothing but our own suggestion is taken.
    forged = answer | {"email": "jamie@gmial.com", "email_as": "other@example.org"}
    assert client.post("/c/co-ops", data=TYPED | forged).status_code == 303
    assert stored_emails(engine) == ["jamie@gmail.com", "jamie@example.org", "jamie@gmial.com"]


def stored_emails(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(submission.c.email).order_by(submission.c.id)))


@pytest.mark.parametrize("words", ["Read www.foo.org first", "x" * 1_001])
def test_own_words_that_can_not_be_sent_stay_in_their_field(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int], words: str
) -> None:
    path = begin(client)
    prepare()
    answer = press(client, path, "send", own_words=words)
    assert answer.status_code == 422
    assert f">{words}</textarea>" in answer.text
    named = "Take out “www.foo.org”" if "www" in words else "Shorten them by 1."
    assert named in html.unescape(answer.text)
    with engine.connect() as connection:
        assert connection.scalar(select(submission.c.accepted_at)) is None


@pytest.mark.parametrize("link", ["t.me/freeprize", "evil.me", "пример.рф", "example。com", "hxxp://evil.example"])
def test_a_link_in_a_name_is_named_and_nothing_typed_is_lost(client: FlaskClient, engine: Engine, link: str) -> None:
    answer = client.post("/c/co-ops", data=TYPED | {"first_name": f"Win {link}"})
    assert answer.status_code == 422
    shown = html.unescape(answer.text)
    assert f"Links aren't allowed in names. Remove “{link}”." in shown
    assert all(f'value="{typed}"' in shown for typed in (f"Win {link}", TYPED["last_name"], TYPED["email"]))
    spanish = client.post("/c/co-ops?lang=es", data=TYPED | {"first_name": f"Win {link}"})
    assert f"Los nombres no pueden llevar enlaces. Quite “{link}”." in html.unescape(spanish.text)
    assert stored_emails(engine) == []


def test_an_edited_letter_has_no_links_but_the_campaigns_own(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    make_campaign(engine, CAMPAIGN.replace("Please vote", "See coops.example.org/bill. Please vote"))
    path = begin(client)
    prepare()
    own = "See coops.example.org/bill, I ask you."
    for action in ("send", "save", "edit"):
        answer = press(client, path, action, edited_subject="Hello", edited_body=f"{own} Buy at www.foo.org now.")
        assert answer.status_code == 422
        assert "Take out “www.foo.org”:" in html.unescape(answer.text)
        assert "Buy at www.foo.org now.</textarea>" in answer.text
    assert press(client, path, "send", edited_subject="Hello", edited_body=own).status_code == 303


def test_what_a_program_sends_waits_for_a_look_and_is_released(
    client: FlaskClient, engine: Engine, ring: Ring, settings: Settings
) -> None:
    write_quickly(engine, ring, replace(settings, fastest_send=2.0))
    organizer = sign_in(client, engine)
    page = organizer.get("/admin/campaigns/co-ops").text
    assert "2 letters sent within seconds of opening the page" in page
    assert "Release</button>" in organizer.get("/admin/letters/1").text
    assert press_button(organizer, "/admin/letters/1", "/admin/letters/1/retry").status_code == 303
    page = organizer.get("/admin/campaigns/co-ops").text
    assert "1 letter sent within seconds" in page
    release = re.search(r'href="([^"]+)">Release it<', page)
    assert release
    answer = press_button(organizer, html.unescape(release[1]), as_of=now().isoformat(), expected="1")
    assert answer.status_code == 303
    assert "1 letter released." in organizer.get(answer.location).text
    with engine.connect() as connection:
        rows = connection.execute(select(letter.c.state, letter.c.hold_reason)).all()
        assert {(row.state, row.hold_reason) for row in rows} == {("queued", None)}
        actors = connection.scalars(text("SELECT actor FROM letter_event WHERE to_state = 'queued'"))
        assert set(actors) == {"organizer:1"}


def test_a_threat_waits_and_everybody_sees_why(
    client: FlaskClient, engine: Engine, ring: Ring, settings: Settings
) -> None:
    token = write_quickly(engine, ring, settings, 60, "Vote no. I know where you live.")
    assert "Some of its words may read as a threat." in client.get(f"/s/{token}").text
    organizer = sign_in(client, engine)
    assert "2 letters may read as a threat" in organizer.get("/admin/campaigns/co-ops").text
    page = organizer.get("/admin/letters/1").text
    assert "Found: “i know where you live”." in page
    assert "Release</button>" in page
    assert press_button(organizer, "/admin/letters/1", "/admin/letters/1/retry").status_code == 303
    assert "1 letter may read as a threat" in organizer.get("/admin/campaigns/co-ops").text


def write_quickly(engine: Engine, ring: Ring, settings: Settings, seconds: float = 0.0, words: str = "") -> str:
    """A real letter, sent so many seconds after its draft."""
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
    accept_submission(engine, ring, settings, token, own_words=words)
    with engine.begin() as connection:
        real = "UPDATE submission SET is_test = false, created_at = accepted_at - :seconds * interval '1 second'"
        connection.execute(text(real), {"seconds": seconds})
    prepare_submissions(engine, ring, settings)
    return token


@pytest.mark.parametrize(("seconds", "state"), [(0.5, "held"), (2.5, "queued")])
def test_a_quick_person_is_not_a_program(
    engine: Engine, ring: Ring, settings: Settings, client: FlaskClient, seconds: float, state: str
) -> None:
    token = write_quickly(engine, ring, replace(settings, fastest_send=2.0), seconds)
    with engine.connect() as connection:
        rows = connection.execute(select(letter.c.state, letter.c.hold_reason, letter.c.body)).all()
    assert {row.state for row in rows} == {state}
    assert {row.hold_reason for row in rows} == {"abuse_check" if state == "held" else None}
    assert all(row.body for row in rows)
    assert ("somebody from the campaign looks at it" in client.get(f"/s/{token}").text) is (state == "held")


def test_a_test_letter_never_waits_for_a_look(engine: Engine, ring: Ring, settings: Settings) -> None:
    write_letters(engine, ring, replace(settings, fastest_send=2.0))
    with engine.connect() as connection:
        assert set(connection.scalars(select(letter.c.state))) == {"queued"}
