"""While the letters have not left: take them back, or send them now."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from shared.db.tables import letter
from tests.factories import make_campaign
from tests.web.test_supporter import begin, press


@pytest.fixture
def status(client: FlaskClient, engine: Engine, prepare: Callable[[], int]) -> str:
    """The status page of letters that leave in ten minutes, as those of a live campaign do."""
    make_campaign(engine)
    path = press(client, begin(client), "send").location
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET leaves_at = now() + interval '10 minutes'")
    prepare()
    return path


def states(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(letter.c.state)))


def push(client: FlaskClient, status: str, button: str) -> int:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(status).text)
    assert token
    return client.post(f"{status}/{button}", data={"csrf_token": token[1]}).status_code


def test_the_page_says_when_the_letters_leave(client: FlaskClient, status: str, deliver: Callable[[], int]) -> None:
    page = client.get(status).text
    assert re.search(r"Leaves at \w+ \d+, \d+:\d\d [ap]m E[SD]T", page)
    assert deliver() == 0


def test_undo_takes_them_back_for_good(
    client: FlaskClient, engine: Engine, status: str, deliver: Callable[[], int]
) -> None:
    assert push(client, status, "undo") == 303
    page = client.get(status).text
    assert "Your letters were taken back" in page
    assert "Leaves at" not in page
    assert states(engine) == {"cancelled"}
    assert deliver() == 0


def test_send_now_does_not_wait(client: FlaskClient, engine: Engine, status: str) -> None:
    assert push(client, status, "now") == 303
    page = client.get(status).text
    assert "Leaves at" not in page
    assert states(engine) == {"queued"}
    with engine.connect() as connection:
        assert not connection.exec_driver_sql("SELECT 1 FROM letter WHERE due_at > now()").first()


def test_too_late_is_said_in_words(client: FlaskClient, engine: Engine, status: str) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(status).text)
    assert token
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET leaves_at = now()")
    answer = client.post(f"{status}/undo", data={"csrf_token": token[1]})
    assert answer.status_code == 409
    assert "can&#39;t be taken back" in answer.text
    assert states(engine) == {"queued"}


def test_only_the_writer_can_undo(client: FlaskClient, app: Flask, engine: Engine, status: str) -> None:
    stranger = app.test_client()
    assert "Undo" not in stranger.get(status).text
    assert stranger.post(f"{status}/undo").status_code == 400
    assert states(engine) == {"queued"}
