"""What a shared link shows, and what it tells about where people came from."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from shared.db.tables import submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign
from tests.web.test_supporter import TYPED, begin, press
from web.context import EXTENSION


@pytest.fixture(autouse=True)
def campaign(engine: Engine) -> None:
    make_campaign(engine)


def tags(page: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def sources(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(submission.c.source).order_by(submission.c.id)))


def test_the_head_says_what_a_shared_link_shows(app: Flask, client: FlaskClient, settings: Settings) -> None:
    app.extensions[EXTENSION] = replace(
        app.extensions[EXTENSION], given=replace(settings, public_url="https://letters.example")
    )
    found = tags(client.get("/c/co-ops?source=share").text)
    assert found["og:title"] == "Write to your legislators: Keep our shops local"
    assert found["og:url"] == "https://letters.example/c/co-ops"
    assert found["og:image"].startswith("https://letters.example/c/co-ops/card.png?lang=en&v=")
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert "Keep our shops local – Neighbors United" in found["og:image:alt"]
    assert (found["og:type"], found["twitter:card"]) == ("website", "summary_large_image")
    assert found["og:description"]


def test_the_card_is_kept_for_long_under_the_address_that_pages_name(client: FlaskClient, engine: Engine) -> None:
    address = tags(client.get("/c/co-ops").text)["og:image"].partition("8000")[2]
    card = client.get(address)
    assert (card.status_code, card.mimetype) == (200, "image/png")
    assert card.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in card.headers
    assert len(card.data) < 60_000
    assert client.get(address, headers={"If-None-Match": card.headers["ETag"]}).status_code == 304
    make_campaign(engine, CAMPAIGN.replace("Keep our shops local", "Open the library"))
    changed = tags(client.get("/c/co-ops").text)["og:image"].partition("8000")[2]
    assert changed != address
    old = client.get(address)
    assert old.headers["Cache-Control"] == "public, max-age=300"
    assert old.data == client.get(changed).data != card.data
    assert client.get("/c/none/card.png").status_code == 404


def test_the_card_and_its_tags_are_in_the_language_of_the_text(client: FlaskClient, engine: Engine) -> None:
    make_campaign(
        engine,
        CAMPAIGN.replace(
            "+++\n<!-- page -->",
            '[translations.es]\ntitle = "Salvemos la biblioteca"\n+++\n<!-- page: es -->\nEscriba.\n<!-- page -->',
        ),
    )
    english = tags(client.get("/c/co-ops?lang=vi").text)
    spanish = tags(client.get("/c/co-ops?lang=es").text)
    assert "Keep our shops local" in english["og:title"]
    assert "Salvemos la biblioteca" in spanish["og:title"]
    cards = [client.get(found["og:image"].partition("8000")[2]) for found in (english, spanish)]
    assert cards[0].data != cards[1].data
    for card in cards:
        assert "immutable" in card.headers["Cache-Control"]
        assert "Set-Cookie" not in card.headers
        assert "Accept-Language" not in card.headers.get("Vary", "")
    assert "Accept-Language" in client.get("/c/co-ops/card.png").headers["Vary"]


def test_the_card_says_the_last_day(engine: Engine, client: FlaskClient) -> None:
    without = client.get("/c/co-ops/card.png").data
    deadline = datetime(2099, 5, 6, 3, tzinfo=UTC)
    dated = CAMPAIGN.replace('host = "', f'deadline = {deadline.isoformat()}\nhost = "')
    make_campaign(engine, dated)
    assert client.get("/c/co-ops/card.png").data != without


def test_the_status_page_shares_the_campaign_and_no_person(client: FlaskClient, prepare: Callable[[], int]) -> None:
    path = begin(client)
    prepare()
    page = client.get(press(client, path, "send", own_words="My secret reason").location)
    found = tags(page.text)
    assert found["og:url"].endswith("/c/co-ops")
    shared = " ".join(found.values())
    for private in ("Jamie", "Rivera", "secret", path.rsplit("/", 1)[1]):
        assert private not in shared
    for source in ("share", "copy"):
        assert f'/c/co-ops?source={source}"' in page.text
    for source in ("text", "whatsapp", "email"):
        assert f"%3Fsource%3D{source}" in page.text
    assert found["robots"] == "noindex"


def test_a_readers_source_never_gets_into_the_kept_page(app: Flask, client: FlaskClient) -> None:
    app.extensions[EXTENSION].pages.seconds = 60.0
    first = client.get("/c/co-ops?source=somebody-elses")
    assert "somebody-elses" not in first.text
    assert client.get("/c/co-ops").data == first.data
    form = re.search(r"<form[^>]*>", first.text)
    assert form
    assert "action=" not in form[0]


def test_the_source_is_kept_with_the_submission(client: FlaskClient, engine: Engine) -> None:
    for query in ("?source=share", "", "?source=Farmers%20Market!", "?source=" + "x" * 60, "?source=%F0%9F%8E%89"):
        assert client.post(f"/c/co-ops{query}", data=TYPED).status_code == 303
    assert sources(engine) == ["share", "", "farmers-market", "x" * 40, ""]


def test_the_shortest_address_keeps_the_source(client: FlaskClient) -> None:
    assert client.get("/?source=flyer").location == "/c/co-ops?source=flyer"
    assert client.get("/?lang=es").location == "/c/co-ops?lang=es"
    assert client.get("/").location == "/c/co-ops"
