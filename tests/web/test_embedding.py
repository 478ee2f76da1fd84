"""Step 1 posted from another website: a draft and nothing more, and no cookie that would overwrite this browser's."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select

from shared.db.tables import letter, submission
from shared.domain.identities import draft_key, owner_key
from shared.settings import Settings
from tests.factories import make_campaign
from tests.web.test_organizer import sign_in
from tests.web.test_supporter import TYPED, begin, count, press

ELSEWHERE = {"Origin": "https://host.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture(autouse=True)
def campaign(engine: Engine) -> None:
    make_campaign(engine)


def test_another_website_begins_a_draft_and_sets_no_cookie(app: Flask, client: FlaskClient, engine: Engine) -> None:
    answer = client.post("/c/co-ops?source=embed", data=TYPED, headers=ELSEWHERE)
    assert answer.status_code == 303
    assert answer.location.startswith("/begun/")
    assert "Set-Cookie" not in answer.headers
    page = client.get(answer.location, follow_redirects=True)
    assert "Step 2 of 2" in page.text
    with engine.connect() as connection:
        row = connection.execute(select(submission)).mappings().one()
    assert (row["source"], row["accepted_at"]) == ("embed", None)
    assert count(engine, letter) == 0
    assert app.test_client().get(f"/c/co-ops/letter/{row['token']}").status_code == 403


def test_letters_that_this_browser_has_stay_its_own(app: Flask, client: FlaskClient) -> None:
    mine = begin(client)
    # The browser keeps its cookies back when another site posts.
    answer = app.test_client().post("/c/co-ops", data=TYPED | {"email": "ana@example.org"}, headers=ELSEWHERE)
    new = client.get(answer.location).location
    assert client.get(mine).status_code == 200
    assert client.get(new).status_code == 200


def test_a_language_in_the_address_sets_no_cookie_either(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/c/co-ops?source=embed&lang=es", data=TYPED, headers=ELSEWHERE)
    assert "Set-Cookie" not in answer.headers
    page = client.get(answer.location, follow_redirects=True)
    assert '<html lang="es">' in page.text
    wrong = app.test_client().post("/c/co-ops?lang=es", data=TYPED | {"zip": "1"}, headers=ELSEWHERE)
    assert (wrong.status_code, "Set-Cookie" in wrong.headers) == (422, False)


def test_the_link_of_a_draft_proves_nothing_about_its_email_address(client: FlaskClient) -> None:
    answer = client.post("/c/co-ops", data=TYPED, headers=ELSEWHERE)
    client.get(answer.location)
    with client.session_transaction() as session:
        assert len(session["owned"]) == 1
        assert not session.get("proved")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_scripts_and_frames_of_other_websites_begin_nothing(
    client: FlaskClient, engine: Engine, headers: dict[str, str]
) -> None:
    assert client.post("/c/co-ops", data=TYPED, headers=ELSEWHERE | headers).status_code == 403
    assert count(engine, submission) == 0


def test_mistakes_are_shown_on_our_form_with_everything_typed(client: FlaskClient, engine: Engine) -> None:
    typed = TYPED | {"street": "", "unit": "3 <b>"}
    page = client.post("/c/co-ops?source=embed", data=typed, headers=ELSEWHERE)
    assert page.status_code == 422
    assert "Set-Cookie" not in page.headers
    assert "Enter your home street address" in page.text
    for kept in ("Rivera", "jamie@example.org", "3 &lt;b&gt;"):
        assert f'value="{kept}"' in page.text
    assert "Nothing is sent yet" in page.text
    assert count(engine, submission) == 0


def test_the_honeypot_of_another_website_asks_and_loses_no_words(client: FlaskClient, engine: Engine) -> None:
    answer = client.post("/c/co-ops", data=TYPED | {"website": "x"}, headers=ELSEWHERE)
    assert answer.status_code == 422
    assert 'value="Rivera"' in answer.text
    assert count(engine, submission) == 0


def test_a_form_in_a_frame_goes_on_in_the_whole_window(client: FlaskClient, engine: Engine) -> None:
    framed = ELSEWHERE | {"Sec-Fetch-Dest": "iframe"}
    typed = TYPED | {"unit": '3 "<b>'}
    page = client.post("/c/co-ops?source=embed&lang=es&slug=other", data=typed, headers=framed)
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    assert '<base target="_top">' in page.text
    assert 'href="http://127.0.0.1:8000/c/co-ops"' in page.text
    # Its button posts from our own page, in the whole window.
    action = re.search(r'method="post" action="([^"]+)"', page.text)
    assert action
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    kept = {name: html.unescape(value) for name, value in fields}
    assert kept == typed | {"website": ""}
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    answer = client.post(html.unescape(action[1]), data=kept, headers=own | {"Sec-Fetch-Dest": "document"})
    assert answer.location.startswith("/c/co-ops/letter/")
    with engine.connect() as connection:
        assert connection.scalars(select(submission.c.source)).all() == ["embed"]
    assert "frame-ancestors 'none'" in client.get("/c/co-ops").headers["Content-Security-Policy"]


def test_letters_can_not_be_sent_from_another_website(client: FlaskClient, engine: Engine) -> None:
    path = begin(client)
    assert client.post(path, data={"action": "send", "own_words": ""}, headers=ELSEWHERE).status_code == 400
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(submission.c.accepted_at.is_not(None))) == 0


def test_the_link_of_a_draft_is_worth_nothing_else(app: Flask, client: FlaskClient, settings: Settings) -> None:
    answer = client.post("/c/co-ops", data=TYPED, headers=ELSEWHERE)
    token, key = answer.location.partition("?")[0].split("/")[2:]
    assert key == draft_key(settings.secret_key, token) != owner_key(settings.secret_key, token)
    for wrong in (
        f"/begun/{token}/{owner_key(settings.secret_key, token)}",
        f"/begun/{token}/é",
        f"/mine/{token}/{key}",
    ):
        assert client.get(wrong).status_code == 404
    assert client.get(f"/answers/{token}/{key}").status_code == 404
    assert client.get(f"/mine/{token}/é").status_code == 404
    page = client.get(answer.location)
    assert "no-store" in page.headers["Cache-Control"]
    press(client, page.location, "send")
    assert app.test_client().get(answer.location).status_code == 404


def test_the_code_for_other_websites_posts_what_we_read(app: Flask, engine: Engine) -> None:
    page = sign_in(app.test_client(), engine).get("/admin/campaigns/co-ops/share").text
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    code = html.unescape(found[1])
    assert code.startswith('<form action="http://127.0.0.1:8000/c/co-ops?source=embed" method="post" target="_top"')
    assert set(re.findall(r'name="(\w+)"', code)) == {*TYPED, "unit", "website"}
    assert "Keep our shops local" in code
    for forbidden in ("<script", "<iframe", "style=", "csrf"):
        assert forbidden not in code
