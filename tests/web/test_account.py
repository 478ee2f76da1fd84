"""One's own account: a second step that can't be passed without the phone, and sessions that can be ended."""

import base64
import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text

from shared.clock import now
from shared.db.tables import organizer, organizer_session
from shared.domain.totp import PERIOD_S, code_at
from shared.services.organizers import SOURCE_TRIES, issue_one_time_password
from tests.web.test_organizer import EMAIL, press, sign_in

PASSWORD = "four quiet green ducks"
SETUP, CODE, DOOR = "/admin/account/two-steps", "/admin/sign-in/code", "/admin/sign-in"


@pytest.fixture
def mine(app: Flask, engine: Engine) -> FlaskClient:
    """Signed in, with a password of their own."""
    client = sign_in(app.test_client(), engine)
    assert press(client, "/admin/password", password=PASSWORD).location == "/admin/account"
    return client


def read_key(client: FlaskClient) -> bytes:
    found = re.search(r'<code class="key">([^<]+)<', client.get(SETUP).text)
    assert found
    return base64.b32decode(found[1].replace(" ", ""))


def code(key: bytes, off: int = 0) -> str:
    return code_at(key, int(now().timestamp()) // PERIOD_S + off)


def switch_on(client: FlaskClient) -> tuple[bytes, list[str]]:
    key = read_key(client)
    page = press(client, SETUP, code=code(key, -1))
    assert "Your sign-in has two steps now." in page.text
    return key, re.findall(r"<li><code>([^<]+)</code>", page.text)


def pass_first(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert press(client, DOOR, email=EMAIL, password=PASSWORD).location == CODE
    return client


def is_in(client: FlaskClient) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_second_step_is_asked_for_and_each_code_works_once(app: Flask, mine: FlaskClient) -> None:
    key, _ = switch_on(mine)
    phone = pass_first(app)
    assert not is_in(phone)
    wrong = press(phone, CODE, code="000000" if code(key) != "000000" else "000001")
    assert wrong.status_code == 422
    assert "not the code of now" in wrong.text
    right = code(key)
    assert press(phone, CODE, code=right).location == "/admin/"
    assert is_in(phone)
    thief = pass_first(app)
    assert press(thief, CODE, code=right).status_code == 422
    assert not is_in(thief)


def test_setting_up_needs_a_right_code_and_shows_the_same_key_again(mine: FlaskClient, engine: Engine) -> None:
    key = read_key(mine)
    answer = press(mine, SETUP, code="12")
    assert answer.status_code == 422
    assert "not the code of now" in html.unescape(answer.text)
    assert read_key(mine) == key
    with engine.connect() as connection:
        row = connection.execute(select(organizer)).mappings().one()
    assert row["totp_key"] == ""
    assert base64.b32encode(key).decode() not in row["totp_pending_key"]


def test_a_recovery_code_works_once_and_new_ones_replace_all(app: Flask, mine: FlaskClient) -> None:
    _, codes = switch_on(mine)
    assert len(codes) == 10
    phone = pass_first(app)
    assert press(phone, CODE, code=codes[0].upper()).location == "/admin/"
    assert press(pass_first(app), CODE, code=codes[0]).status_code == 422
    assert "9 recovery codes are left" in mine.get("/admin/account").text
    assert press(mine, "/admin/account/recovery-codes", current="wrong").status_code == 422
    fresh = re.findall(r"<li><code>([^<]+)</code>", press(mine, "/admin/account/recovery-codes", current=PASSWORD).text)
    assert not set(fresh) & set(codes)
    assert press(pass_first(app), CODE, code=codes[1]).status_code == 422
    assert press(pass_first(app), CODE, code=fresh[1]).location == "/admin/"


def test_wrong_codes_are_limited_like_wrong_passwords(app: Flask, mine: FlaskClient) -> None:
    key, _ = switch_on(mine)
    guesser = pass_first(app)
    for _ in range(SOURCE_TRIES):
        press(guesser, CODE, code="1")
    assert press(guesser, CODE, code=code(key)).status_code == 422


def test_nobody_gets_past_the_first_step_by_its_address(app: Flask, mine: FlaskClient) -> None:
    key, _ = switch_on(mine)
    assert app.test_client().get(CODE).location.startswith(DOOR)
    stranger = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get(DOOR).text)
    assert token
    assert stranger.post(CODE, data={"csrf_token": token[1], "code": code(key)}).location.startswith(DOOR)
    assert not is_in(stranger)


def test_a_changed_password_ends_what_waits_for_a_code(app: Flask, mine: FlaskClient) -> None:
    key, _ = switch_on(mine)
    waiting = pass_first(app)
    press(mine, "/admin/password", current=PASSWORD, password="five loud red geese")
    assert press(waiting, CODE, code=code(key)).status_code == 422


def test_switching_off_asks_for_the_password(app: Flask, mine: FlaskClient, engine: Engine) -> None:
    switch_on(mine)
    assert press(mine, f"{SETUP}/off", current="").status_code == 422
    assert press(mine, f"{SETUP}/off", current=PASSWORD).location == "/admin/account"
    client = app.test_client()
    assert press(client, DOOR, email=EMAIL, password=PASSWORD).location == "/admin/"
    assert is_in(client)


def test_a_one_time_password_does_not_replace_the_second_step(app: Flask, mine: FlaskClient, engine: Engine) -> None:
    switch_on(mine)
    client = app.test_client()
    assert press(client, DOOR, email=EMAIL, password=issue_one_time_password(engine, EMAIL)).location == CODE
    assert not is_in(client)


def test_a_new_password_leaves_one_browser_in_the_list(app: Flask, mine: FlaskClient) -> None:
    press(app.test_client(), DOOR, email=EMAIL, password=PASSWORD)
    assert mine.get("/admin/account").text.count('data-label="Last used"') == 2
    press(mine, "/admin/password", current=PASSWORD, password="five loud red geese")
    assert mine.get("/admin/account").text.count('data-label="Last used"') == 1


def test_a_new_password_needs_the_old_one(mine: FlaskClient) -> None:
    wrong = press(mine, "/admin/password", current="guessed it", password="five loud red geese")
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.text
    weak = press(mine, "/admin/password", current=PASSWORD, password="short")
    assert "Use 12 to 200 characters" in weak.text
    assert press(mine, "/admin/password", current=PASSWORD, password="five loud red geese").status_code == 303


def test_sessions_are_listed_and_ended(app: Flask, mine: FlaskClient, engine: Engine) -> None:
    other, third = app.test_client(), app.test_client()
    for client, agent in (
        (other, "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36"),
        (third, "curl"),
    ):
        client.environ_base["HTTP_USER_AGENT"] = agent
        press(client, DOOR, email=EMAIL, password=PASSWORD)
        assert is_in(client)
    page = mine.get("/admin/account").text
    assert "Chrome on Android" in page
    assert page.count("This browser") == 1
    with engine.connect() as connection:
        numbers = list(connection.scalars(select(organizer_session.c.id).order_by("id")))
    press(mine, "/admin/account", f"/admin/account/sessions/{numbers[-2]}/end")
    assert not is_in(other)
    assert is_in(third)
    press(mine, "/admin/account", "/admin/account/sessions/end-others")
    assert not is_in(third)
    assert is_in(mine)


def test_nobody_ends_somebody_elses_session(app: Flask, mine: FlaskClient, engine: Engine) -> None:
    stranger = app.test_client()
    press(stranger, DOOR, email="robin@example.org", password=issue_one_time_password(engine, "robin@example.org"))
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT max(id) FROM organizer_session WHERE organizer_id = 1"))
    press(stranger, "/admin/account", f"/admin/account/sessions/{number}/end")
    assert is_in(mine)
