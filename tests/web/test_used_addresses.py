"""A stranger wrote first with a supporter's address: the supporter learns of it in time, and can still write."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from shared.domain.identities import owner_key
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.settings import Settings
from tests.factories import make_campaign
from tests.smtp_server import ScriptedSmtpServer
from tests.web.test_supporter import begin, csrf, press


@pytest.fixture
def forged(app: Flask, engine: Engine, prepare: Callable[[], int]) -> str:
    """A stranger wrote under jamie@example.org; the letters wait."""
    make_campaign(engine)
    stranger = app.test_client()
    path = begin(stranger, first_name="Jamie", street="99 Elsewhere Road")
    press(stranger, path, "send", own_words="I am AGAINST the co-op bill.")
    prepare()
    return path.rsplit("/", 1)[1]


def jamie_writes(client: FlaskClient, prepare: Callable[[], int]) -> str:
    path = begin(client)
    press(client, path, "send", own_words="I am for it.")
    prepare()
    return path.rsplit("/", 1)[1]


def run(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []


def test_the_owner_hears_of_it_before_the_forged_letters_leave(
    client: FlaskClient, engine: Engine, ring: Ring, settings: Settings, forged: str, prepare: Callable[[], int]
) -> None:
    """They wrote themselves, so that we know that two claim the address: the link leaves at once."""
    jamie_writes(client, prepare)
    due = run(engine, "SELECT kind, due_at <= now() FROM follow_up WHERE state = 'queued'")
    assert any(is_due for _, is_due in due), due


def test_the_page_says_that_a_link_was_sent_only_when_it_was(
    client: FlaskClient, engine: Engine, ring: Ring, settings: Settings, forged: str, prepare: Callable[[], int]
) -> None:
    token = jamie_writes(client, prepare)
    page = " ".join(re.sub(r"<[^>]+>", " ", client.get(f"/s/{token}").text).split())
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    assert ("we sent you a link" in page) == bool(server.accepted)


@pytest.mark.parametrize("left", [False, True], ids=["waiting", "left"])
def test_the_owner_can_write_after_all(
    client: FlaskClient,
    engine: Engine,
    ring: Ring,
    settings: Settings,
    forged: str,
    prepare: Callable[[], int],
    left: bool,
) -> None:
    """With the link in our email they take the forged letters back, or have them deleted, and write their own."""
    if left:
        with ScriptedSmtpServer() as server:
            here = replace(settings, mailbox_url=server.url)
            deliver_letters(engine, ring, here, first_tries=True)
            send_mail(engine, ring, here)
    client.get(f"/mine/{forged}/{owner_key(settings.secret_key, forged)}")
    page = f"/s/{forged}/delete"
    data = {"csrf_token": csrf(client.get(page))}
    if left:
        assert client.post(page, data=data).status_code == 303
    else:
        for number in (1, 2):
            assert client.post(f"/s/{forged}/letters/{number}/cancel", data=data).status_code == 303
    jamie_writes(client, prepare)
    words = run(engine, "SELECT count(*) FROM letter WHERE body LIKE '%I am for it.%'")
    assert words == [(2,)]
