"""Organizers' sessions end in time, and strangers' guesses lock out strangers only."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, insert, select, update

from shared.clock import now
from shared.db.tables import sign_in_failure
from shared.services import organizers
from shared.services.organizers import ALL_TRIES, SOURCE_TRIES, issue_one_time_password
from tests.factories import make_campaign
from tests.web.test_organizer import EMAIL, press, sign_in
from web.organizer_session import IDLE_LIFETIME, SESSION_LIFETIME

GOOD_PASSWORD = "four quiet green ducks"
MINUTE = timedelta(minutes=1)
OWN, NEIGHBOR, STRANGER = "198.51.100.7", "198.51.100.200", "203.0.113.9"


class LaterBy:
    """A clock that a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.later = timedelta(0)
        monkeypatch.setattr("web.admin.guard.now", lambda: now() + self.later)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> LaterBy:
    return LaterBy(monkeypatch)


@pytest.fixture
def with_password(app: Flask, engine: Engine) -> str:
    press(sign_in(app.test_client(), engine), "/admin/password", password=GOOD_PASSWORD)
    return GOOD_PASSWORD


def is_in(client: FlaskClient, path: str = "/admin/") -> bool:
    return client.get(path).status_code == 200


def test_a_session_ends_after_twelve_hours_of_work(client: FlaskClient, engine: Engine, clock: LaterBy) -> None:
    sign_in(client, engine)
    for _ in range(SESSION_LIFETIME // timedelta(hours=1)):
        assert is_in(client)
        clock.later += timedelta(hours=1)
    clock.later += MINUTE
    assert not is_in(client)


def test_a_session_ends_after_two_idle_hours(client: FlaskClient, engine: Engine, clock: LaterBy) -> None:
    sign_in(client, engine)
    clock.later += IDLE_LIFETIME - MINUTE
    assert is_in(client)
    clock.later += IDLE_LIFETIME - MINUTE
    assert is_in(client)
    clock.later += IDLE_LIFETIME + MINUTE
    assert not is_in(client)


def test_a_page_that_refreshes_itself_keeps_no_session(client: FlaskClient, engine: Engine, clock: LaterBy) -> None:
    make_campaign(engine)
    sign_in(client, engine)
    clock.later += IDLE_LIFETIME - MINUTE
    assert is_in(client, "/admin/campaigns/co-ops/live")
    clock.later += 2 * MINUTE
    assert not is_in(client, "/admin/campaigns/co-ops/live")


def test_signing_out_ends_a_copied_cookie(app: Flask, engine: Engine) -> None:
    client, thief = sign_in(app.test_client(), engine), app.test_client()
    cookie = client.get_cookie("dearrep")
    assert cookie
    thief.set_cookie("dearrep", cookie.value)
    assert is_in(thief)
    door = press(client, "/admin/password", "/admin/sign-out").location
    assert "signed out, in all other browsers too" in client.get(door).text
    assert not is_in(thief)
    assert is_in(sign_in(client, engine))


@pytest.mark.parametrize("path", ["/admin/campaigns/co-ops?q=Ana+R%26D&state=queued&page=2", "/admin/mailbox?q=a//b"])
def test_signing_in_leads_back_to_what_was_searched(client: FlaskClient, engine: Engine, path: str) -> None:
    make_campaign(engine)
    password = issue_one_time_password(engine, EMAIL)
    door = client.get(path).location
    assert press(client, door, email=EMAIL, password=password).location == path


@pytest.mark.parametrize(
    "wanted", ["/admin/\r\nX: y", "/admin/\\evil.example?", "/admin//evil.example?q=1", "?/admin/"]
)
def test_signing_in_leads_nowhere_else_behind_a_question_mark(client: FlaskClient, engine: Engine, wanted: str) -> None:
    password = issue_one_time_password(engine, EMAIL)
    client.get("/admin/sign-in")
    page = client.get("/admin/sign-in", query_string={"next": wanted})
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "email": EMAIL, "password": password}
    assert client.post("/admin/sign-in", query_string={"next": wanted}, data=data).location == "/admin/"


def attempt(app: Flask, password: str, address: str, peer: str = "127.0.0.1") -> int:
    client = app.test_client()
    client.environ_base.update(REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=address)
    return press(client, "/admin/sign-in", email=EMAIL, password=password).status_code


def test_a_stranger_s_guesses_lock_their_own_network_only(app: Flask, with_password: str) -> None:
    for _ in range(SOURCE_TRIES):
        assert attempt(app, "a guess", OWN) == 422
    assert attempt(app, with_password, OWN) == 422
    assert attempt(app, with_password, NEIGHBOR) == 422
    assert attempt(app, with_password, STRANGER) == 303


def test_a_lock_ends_with_its_time_and_leaves_no_row(app: Flask, engine: Engine, with_password: str) -> None:
    for _ in range(SOURCE_TRIES):
        attempt(app, "a guess", OWN)
    with engine.begin() as connection:
        connection.execute(update(sign_in_failure).values(expires_at=func.now()))
    assert attempt(app, with_password, OWN) == 303
    attempt(app, "a guess", STRANGER)
    with engine.begin() as connection:
        connection.execute(
            insert(sign_in_failure).values(organizer_id=1, source="old", failures=9, expires_at=func.now())
        )
    assert organizers.delete_old_failures(engine) == 1
    with engine.connect() as connection:
        rows = connection.execute(select(sign_in_failure.c.source, sign_in_failure.c.failures)).all()
    assert sorted(row.failures for row in rows) == [1, 1]
    assert not any(STRANGER[:9] in row.source for row in rows)


def test_a_right_password_forgives_the_own_network_s_slips(app: Flask, with_password: str) -> None:
    for _ in range(3):
        for _ in range(SOURCE_TRIES - 1):
            attempt(app, "a slip", OWN)
        assert attempt(app, with_password, OWN) == 303


def test_many_networks_together_are_stopped_until_a_new_one_time_password(
    app: Flask, engine: Engine, with_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ALL_TRIES >= 10 * SOURCE_TRIES
    monkeypatch.setattr(organizers, "ALL_TRIES", SOURCE_TRIES)
    for number in range(SOURCE_TRIES):
        assert attempt(app, "a guess", f"203.0.{number}.9") == 422
    assert attempt(app, with_password, OWN) == 422
    issue_one_time_password(engine, EMAIL)
    assert attempt(app, with_password, OWN) == 303


def test_a_stranger_can_not_choose_where_they_come_from(app: Flask, with_password: str) -> None:
    for number in range(SOURCE_TRIES):
        address = f"203.0.{number}.9"
        # Far from us the header is the stranger's own word; through a near web server, its last entry is that server's.
        if number % 2:
            attempt(app, "a guess", address, peer="93.184.216.34")
        else:
            attempt(app, "a guess", f"{address}, 93.184.216.34")
    assert attempt(app, with_password, "93.184.216.99") == 422
    assert attempt(app, with_password, OWN) == 303
