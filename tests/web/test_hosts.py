"""Which hosts the pages answer for, and forms that come over TLS from pages without a referrer."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.settings import Settings
from tests.factories import make_campaign
from tests.web.test_supporter import TYPED, csrf
from web.app import create_app

PUBLIC = "https://letters.example"
# What browsers send with a form of a page that has the policy no-referrer.
PRIVATE_PAGE = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(autouse=True)
def campaign(engine: Engine) -> None:
    make_campaign(engine)


@pytest.fixture
def public(settings: Settings, engine: Engine, ring: Ring) -> Flask:
    return create_app(replace(settings, public_url=PUBLIC), engine, ring)


def status(app: Flask, host: str, path: str = "/c/co-ops") -> int:
    return app.test_client().get(path, headers={"Host": host}).status_code


@pytest.mark.parametrize(
    "host",
    ["evil.example", "letters.example.evil.example", "evil.example:443", "8.8.8.8", "[2606:4700::1]", "x" * 999],
)
def test_other_hosts_are_refused(public: Flask, app: Flask, host: str) -> None:
    assert (status(public, host), status(app, host)) == (400, 400)


@pytest.mark.parametrize("host", ["letters.example", "LETTERS.example.", "letters.example:8443"])
def test_the_public_host_is_answered_on_every_port(public: Flask, app: Flask, host: str) -> None:
    assert (status(public, host), status(app, host)) == (200, 400)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8123", "localhost:9", "[::1]:8000", "10.0.0.7:8000"])
def test_local_addresses_are_answered(public: Flask, app: Flask, host: str) -> None:
    assert (status(public, host), status(app, host)) == (200, 200)


def test_a_public_host_with_other_letters_is_known_by_its_punycode(
    settings: Settings, engine: Engine, ring: Ring
) -> None:
    app = create_app(replace(settings, public_url="https://bücher.example"), engine, ring)
    assert status(app, "xn--bcher-kva.example") == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_monitoring_asks_under_any_host(settings: Settings, engine: Engine, ring: Ring, path: str) -> None:
    monitoring = create_app(replace(settings, public_url=PUBLIC, metrics_token="token"), engine, ring).test_client()
    answer = monitoring.get(path, headers={"Host": "web:8000", "Authorization": "Bearer token"})
    assert answer.status_code == 200


def test_the_refusal_is_a_page_in_words(public: Flask) -> None:
    answer = public.test_client().get("/c/co-ops", headers={"Host": "evil.example"})
    assert "That did not work" in answer.text


def test_another_host_is_no_origin_of_ours(public: Flask) -> None:
    rebound = {"Host": "evil.example", "Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}
    assert public.test_client().post("/c/co-ops", data=TYPED, headers=rebound).status_code == 400


def test_a_form_without_referrer_is_taken_over_tls(public: Flask) -> None:
    client = public.test_client()
    path = client.post("/c/co-ops", data=TYPED, base_url=PUBLIC).location
    data = {"csrf_token": csrf(client.get(path, base_url=PUBLIC)), "action": "send", "own_words": ""}
    forged = client.post(path, data=data | {"csrf_token": "x"}, headers=PRIVATE_PAGE, base_url=PUBLIC)
    answer = client.post(path, data=data, headers=PRIVATE_PAGE, base_url=PUBLIC)
    assert (forged.status_code, answer.status_code) == (400, 303)


def test_our_own_form_without_referrer_is_our_own(client: FlaskClient) -> None:
    answer = client.post("/c/co-ops", data=TYPED, headers=PRIVATE_PAGE)
    assert answer.location.startswith("/c/co-ops/letter/")
    elsewhere = {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.post("/c/co-ops", data=TYPED, headers=elsewhere).location.startswith("/begun/")
