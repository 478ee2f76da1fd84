"""Web servers and CDNs in front of us: each visitor counts by their own address, and we notice if they look alike."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Engine

from shared.domain.findings import Finding
from shared.queue.recent_visitors import KEY, MOST, RecentVisitors
from shared.queue.ring import Ring
from shared.services import doctor
from shared.settings import Settings
from tests.factories import make_campaign
from tests.web.test_organizer import sign_in
from web.app import create_app
from web.client_address import client_address
from web.context import EXTENSION

NGINX, PERSON, CDN, BALANCER = "127.0.0.1", "93.184.216.34", "104.16.1.9", "10.0.0.5"
BOTH = ["2", "104.16.0.0/13", "104.16.0.0/13, 127.0.0.0/8"]
MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(settings: Settings, engine: Engine, ring: Ring) -> MakeApp:
    make_campaign(engine)
    return lambda **others: create_app(replace(settings, public_url="https://letters.example", **others), engine, ring)


def begin(app: Flask, *forwarded: str, peer: str = NGINX) -> int:
    headers = [("X-Forwarded-For", one) for one in forwarded]
    # Nothing is stored: a form with a mistake is a try as well.
    answer = app.test_client().post("/c/co-ops", headers=headers, environ_base={"REMOTE_ADDR": peer})
    return answer.status_code


@pytest.mark.parametrize("proxies", ["2", "10.0.0.0/8"])
def test_behind_two_servers_the_visitor_counts(make_app: MakeApp, proxies: str) -> None:
    app = make_app(trusted_proxies=proxies)
    with app.test_request_context(
        environ_base={"REMOTE_ADDR": NGINX}, headers={"X-Forwarded-For": f"{PERSON}, {BALANCER}"}
    ):
        assert client_address() == PERSON


@pytest.mark.parametrize("proxies", BOTH)
@pytest.mark.parametrize("port", ["", ":5555"])
def test_a_crowd_behind_a_cdn_is_not_one_network(make_app: MakeApp, proxies: str, port: str) -> None:
    app = make_app(trusted_proxies=proxies, network_limit="3 per hour")
    assert {begin(app, f"91.{n // 200}.{n % 200}.4{port}, {CDN}{port}") for n in range(40)} == {422}
    # Servers that add a header of their own, and one visitor who is many.
    assert [begin(app, f"1.1.1.1, {PERSON}", CDN) for _ in range(4)] == [422, 422, 422, 429]


@pytest.mark.parametrize("last", [CDN, BALANCER, "100.64.7.7", "2001:0:a00:5:8000:1:a4f8:f7fb"])
def test_without_the_setting_the_last_entry_is_limited(make_app: MakeApp, last: str) -> None:
    app = make_app(network_limit="3 per hour")
    assert [begin(app, f"91.0.{n}.4, {last}") for n in range(4)] == [422, 422, 422, 429]


def look(app: Flask, settings: Settings) -> Finding:
    """What doctor says of the visitors, once they are written."""
    app.extensions[EXTENSION].visitors.write()
    return doctor.check_visitors(settings.redis_url)


def test_it_shows_when_nearly_all_visitors_share_a_network(
    make_app: MakeApp, settings: Settings, client: FlaskClient, engine: Engine
) -> None:
    app = make_app(network_limit="off")
    for n in range(49):
        begin(app, f"91.0.{n}.4, {CDN}")
    assert look(app, settings).is_ok
    for n in range(2):
        begin(app, f"91.0.{n}.4")
    found = look(app, settings)
    assert found.words.startswith("49 of the last 51 people who filled in the form seem to come from one network")
    assert "Set DEARREP_TRUSTED_PROXIES" in found.advice
    page = sign_in(client, engine).get("/admin/").text
    assert "Visitors look alike." in page
    assert found.words in page
    # The setting is changed, and the pages are started again.
    mended = make_app(network_limit="off", trusted_proxies="2")
    for n in range(60):
        begin(mended, f"91.0.{n}.4, {CDN}")
    assert look(mended, settings) == Finding("visitors", "the last 60 came from 60 networks")


@pytest.mark.parametrize("last", ["", BALANCER, "100.64.7.7", "unknown"])
def test_it_shows_when_visitors_have_private_addresses(make_app: MakeApp, settings: Settings, last: str) -> None:
    app = make_app(network_limit="off")
    for _ in range(50):
        begin(app, *([last] if last else []))
    assert "50 of the last 50 people who filled in the form seem to have private addresses" in look(app, settings).words


def test_it_shows_when_a_crowd_shares_few_networks(make_app: MakeApp, settings: Settings) -> None:
    app = make_app(network_limit="off")
    for n in range(200):
        begin(app, f"91.0.{n}.4, 104.16.{n % 4}.9")
    assert "seem to come from only 4 networks" in look(app, settings).words


def test_nothing_is_said_of_one_s_own_machine(app: Flask, engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    assert {begin(app) for _ in range(60)} == {422}
    assert look(app, settings).words.startswith("too few to compare")


def test_of_visitors_only_keyed_hashes_are_kept_and_not_many(make_app: MakeApp, settings: Settings) -> None:
    app = make_app(network_limit="off")
    visitors = app.extensions[EXTENSION].visitors
    begin(app, PERSON)
    for n in range(3 * MOST):
        visitors.note(f"{n}")
    visitors.write()
    redis: Redis = Redis.from_url(settings.redis_url)
    kept = redis.lrange(KEY, 0, -1)
    assert len(kept) == MOST  # type: ignore[arg-type]
    assert 0 < redis.ttl(KEY) <= 86_400  # type: ignore[operator]
    begin(app, PERSON)
    visitors.write()
    newest = redis.lrange(KEY, -1, -1)[0].decode()  # type: ignore[index]
    assert newest.isalnum()
    redis.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:9/0", "amqp://127.0.0.1:9//"])
def test_without_redis_a_process_knows_its_own_visitors(make_app: MakeApp, url: str) -> None:
    app = make_app(redis_url=url, network_limit="off")
    assert [begin(app, PERSON) for _ in range(3)] == [422] * 3
    visitors: RecentVisitors = app.extensions[EXTENSION].visitors
    visitors.write()
    assert len(visitors.recent()) == 3
    assert doctor.check_visitors(url).words.startswith("not known")
