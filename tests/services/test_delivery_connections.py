"""The SMTP connections that workers hold are known to all hosts."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from structlog.testing import capture_logs

from shared.db import delivery_connections
from shared.domain.transport import Transport
from shared.queue.ring import Ring
from shared.services.delivery import deliver, deliver_letters
from shared.services.delivery.carry import boot_seconds
from shared.services.delivery.heartbeat import Heartbeat
from shared.settings import Settings
from shared.timing import Timing
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.smtp_server import ScriptedSmtpServer
from tests.waiting import wait_until

_OPEN = text("SELECT name, transport, beat_at FROM delivery_connection")
_HOLDERS = text("SELECT DISTINCT worker FROM letter WHERE state = 'sending'")


def test_a_connection_is_registered_while_it_is_open(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    seen = []

    def look(verb: str) -> None:
        if verb == "DATA":
            with engine.connect() as connection:
                seen.append((connection.execute(_OPEN).all(), connection.scalars(_HOLDERS).all()))

    with ScriptedSmtpServer(on_verb=look) as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    rows, holders = seen[0]
    assert [(row.name, row.transport) for row in rows] == [(holders[0], "mailbox")]
    with engine.connect() as connection:
        assert connection.execute(_OPEN).all() == []


def test_its_heartbeat_is_renewed_while_the_server_thinks(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    beats = []

    def think(verb: str) -> None:
        if verb == "DATA" and not beats:
            for _ in range(2):
                time.sleep(0.3)
                with engine.connect() as connection:
                    beats.append(connection.execute(_OPEN).one().beat_at)

    with ScriptedSmtpServer(on_verb=think) as server:
        here = replace(settings, mailbox_url=server.url, timing=Timing(heartbeat=0.05))
        deliver_letters(engine, ring, here, first_tries=True)
    assert beats[0] < beats[1]


def test_no_connection_and_no_heartbeat_is_left_behind(engine: Engine, settings: Settings, ring: Ring) -> None:
    """A connection takes the name of each new journal, and gives up the old one."""
    make_campaign(engine)
    for number in range(6):
        write_letters(engine, ring, settings, f"p{number}@example.org")
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    with engine.connect() as connection:
        assert connection.execute(_OPEN).all() == []
    wait_until(lambda: all(one.name != "heartbeat" for one in threading.enumerate()), 2, "the heartbeat's end")


QUICK = Timing(heartbeat=0.05, dead_after=0.6)


@pytest.fixture
def beating(engine: Engine) -> Iterator[Heartbeat]:
    """Two connections of one run."""
    heartbeat = Heartbeat(engine, QUICK)
    with engine.begin() as connection:
        for name in ("a", "b"):
            delivery_connections.open_connection(connection, name, Transport.MAILBOX)
    for name in ("a", "b"):
        heartbeat.add(name, boot_seconds())
    yield heartbeat
    for name in ("a", "b", "a2"):
        heartbeat.remove(name)


def test_a_claim_that_waits_stops_no_other_connections_heartbeat(engine: Engine, beating: Heartbeat) -> None:
    beating.rest("a")
    with engine.begin() as connection:
        assert delivery_connections.rename_connection(connection, "a", "a2", QUICK.dead_after)
        # It waits for a domain's row.
        time.sleep(0.9)
        assert not beating.is_lost("b")


def test_a_claim_raises_no_false_alarm(engine: Engine, beating: Heartbeat) -> None:
    with capture_logs() as logs:
        beating.rest("a")
        with engine.begin() as connection:
            assert delivery_connections.rename_connection(connection, "a", "a2", QUICK.dead_after)
            time.sleep(0.12)
        # The marker is written.
        time.sleep(0.03)
        beating.add("a2", boot_seconds(), before="a")
        time.sleep(0.1)
    assert not beating.is_lost("a2")
    assert not logs


def test_a_thread_that_hangs_keeps_its_connection_no_longer_than_its_lease(engine: Engine) -> None:
    heartbeat = Heartbeat(engine, replace(QUICK, lease=0.5))
    with engine.begin() as connection:
        delivery_connections.open_connection(connection, "hangs", Transport.MAILBOX)
    heartbeat.add("hangs", boot_seconds())
    wait_until(lambda: heartbeat.is_lost("hangs"), 3, "the end of its lease")
    heartbeat.remove("hangs")


def test_a_claim_that_fails_leaves_no_connection_behind(
    engine: Engine, settings: Settings, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    claim, claims = deliver._Letters.claim, []

    def fails_later(self: Any, connection: Connection, worker: str) -> Any:
        claims.append(worker)
        if len(claims) > 1:
            raise ZeroDivisionError
        return claim(self, connection, worker)

    monkeypatch.setattr(deliver._Letters, "claim", fails_later)
    with ScriptedSmtpServer() as server, pytest.raises(ZeroDivisionError):
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    with engine.connect() as connection:
        assert connection.execute(_OPEN).all() == []


def test_a_campaign_that_can_not_be_read_stops_only_its_own_letters(
    engine: Engine, settings: Settings, ring: Ring
) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"broken"'))
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET campaign_id = (SELECT max(id) FROM campaign) WHERE id = 1"))
        connection.execute(text("UPDATE campaign SET content = '{\"nothing\": 1}' WHERE slug = 'broken'"))
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    with engine.connect() as connection:
        states = dict(connection.execute(text("SELECT id, state FROM letter")).all())
    assert states == {1: "queued", 2: "sent"}
