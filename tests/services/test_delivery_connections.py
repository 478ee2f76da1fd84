"""The SMTP connections that workers hold are known to all hosts."""

import threading
import time
from dataclasses import replace

from sqlalchemy import Engine, text

from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters
from shared.settings import Settings
from shared.timing import Timing
from tests.factories import make_campaign, write_letters
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
