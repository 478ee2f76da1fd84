"""A worker that lives, and that the database has not heard of: it sends nothing more until it has claimed again."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import pytest
from sqlalchemy import Engine, text

from shared.db.engine import at_once, make_engine
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters
from shared.services.delivery.carry import boot_seconds
from shared.services.delivery.heartbeat import Heartbeat
from shared.services.letters import retry_letter
from shared.services.sweep import sweep
from shared.settings import Settings
from shared.timing import USUAL, Timing
from tests.factories import make_campaign, write_letters
from tests.services.came_back import Post
from tests.smtp_server import ScriptedSmtpServer
from tests.waiting import wait_until

# A heartbeat that is missed for this long means death; two thirds of it, that nothing may be sent.
DEAD_AFTER = 0.6
TIMING = Timing(heartbeat=0.05, dead_after=DEAD_AFTER)
Act = Callable[[], None]


@dataclass
class MailServer(ScriptedSmtpServer):
    """Lets the test act once before the worker's question at the dot, and once before the answer to the dot."""

    before_dot: list[Act] = field(default_factory=list)
    before_answer: list[Act] = field(default_factory=list)

    def _say(self, stream: BinaryIO, phase: str, default: str) -> None:
        acts = {"DATA": self.before_dot, "dot": self.before_answer}.get(phase, [])
        if acts:
            acts.pop()()
        super()._say(stream, phase, default)


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    """Two letters of one person."""
    make_campaign(engine)
    write_letters(engine, ring, settings)
    return Post(engine, settings, ring)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def here(settings: Settings, server: MailServer) -> Settings:
    return replace(settings, mailbox_url=server.url, timing=TIMING)


@contextmanager
def unheard(engine: Engine, seconds: float) -> Iterator[None]:
    """Heartbeats wait for a lock, as they wait for a database that can't be reached."""
    with engine.begin() as connection:
        connection.execute(text("SELECT name FROM delivery_connection FOR UPDATE"))
        time.sleep(seconds)
        yield


def moves(post: Post, number: int = 1) -> list[str]:
    rows = post.ask(f"SELECT to_state FROM letter_event WHERE letter_id = {number} ORDER BY id")
    return [state for (state,) in rows]


def test_it_sends_nothing_after_two_thirds_of_the_time(
    engine: Engine, ring: Ring, post: Post, server: MailServer, here: Settings
) -> None:
    """Nobody has looked at its letters yet; they go back to their queue and leave with the next claim."""

    locked = threading.Event()

    def stay_away() -> None:
        """Until the worker has said what became of its letter."""
        with unheard(engine, 0):
            locked.set()
            wait_until(lambda: moves(post) != ["queued", "sending"], 10, "the worker's word")

    def silence() -> None:
        away.start()
        locked.wait(10)
        time.sleep(TIMING.longest_silence + 0.05)

    away = threading.Thread(target=stay_away)
    server.before_dot.append(silence)
    deliver_letters(engine, ring, here, first_tries=True)
    away.join()
    assert moves(post) == ["queued", "sending", "queued", "sending", "sent"]
    assert len(server.accepted) == 2


def test_others_took_its_letters_for_uncertain_before_the_dot(
    engine: Engine, ring: Ring, post: Post, server: MailServer, here: Settings
) -> None:
    """It says that they certainly were not sent, and they leave once."""
    seen = []

    def silence() -> None:
        with unheard(engine, DEAD_AFTER * 1.2):
            sweep(engine, ring, here)
            seen.extend(post.ask("SELECT DISTINCT state FROM letter"))

    server.before_dot.append(silence)
    deliver_letters(engine, ring, here, first_tries=True)
    assert seen == [("uncertain",)]
    assert moves(post) == ["queued", "sending", "uncertain", "queued", "sending", "sent"]
    assert len(server.accepted) == 2
    assert post.ask("SELECT state, tries, crash_count FROM letter") == [("sent", 1, 0)] * 2


def test_others_took_its_letters_for_uncertain_after_the_dot(
    engine: Engine, ring: Ring, post: Post, server: MailServer, here: Settings
) -> None:
    """Its late answer counts; the rest of its batch was not sent."""

    def silence() -> None:
        with unheard(engine, DEAD_AFTER * 1.2):
            sweep(engine, ring, here)

    server.before_answer.append(silence)
    deliver_letters(engine, ring, here, first_tries=True)
    assert moves(post, 1) == ["queued", "sending", "uncertain", "sent"]
    assert moves(post, 2)[:4] == ["queued", "sending", "uncertain", "queued"]
    assert len(server.accepted) == 2
    assert post.ask("SELECT DISTINCT state FROM letter") == [("sent",)]


def test_an_organizer_sent_it_again_meanwhile(
    engine: Engine, ring: Ring, post: Post, server: MailServer, here: Settings
) -> None:
    """Before the dot the sleeper gives way, so that even then the office gets one copy."""

    def silence() -> None:
        with unheard(engine, DEAD_AFTER * 1.2):
            sweep(engine, ring, here)
            retry_letter(engine, ring, 1, actor="organizer:1")

    server.before_dot.append(silence)
    deliver_letters(engine, ring, here, first_tries=True)
    assert moves(post) == ["queued", "sending", "uncertain", "queued", "sending", "sent"]
    assert len(server.accepted) == 2


def test_a_heartbeat_revives_nobody(engine: Engine, ring: Ring, post: Post, server: MailServer, here: Settings) -> None:
    """Of a machine that wakes up, the heartbeat may be quicker than the question at the dot."""

    def wake() -> None:
        post.change("UPDATE delivery_connection SET beat_at = now() - interval '1 minute'")
        sweep(engine, ring, here)
        # Many heartbeats.
        time.sleep(DEAD_AFTER / 2)

    server.before_dot.append(wake)
    deliver_letters(engine, ring, here, first_tries=True)
    assert moves(post) == ["queued", "sending", "uncertain", "queued", "sending", "sent"]
    assert len(server.accepted) == 2


def test_a_machine_that_slept_sends_nothing_before_its_heartbeat_is_heard(
    engine: Engine, ring: Ring, post: Post, server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock goes on while a laptop sleeps, and nothing else does."""
    slept = 0.0

    def sleep() -> None:
        nonlocal slept
        slept = 60.0

    for module in ("carry", "run", "heartbeat"):
        monkeypatch.setattr(f"shared.services.delivery.{module}.boot_seconds", lambda: boot_seconds() + slept)
    server.before_dot.append(sleep)
    # The usual timing: no heartbeat is due meanwhile.
    deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert moves(post) == ["queued", "sending", "queued", "sending", "sent"]
    assert len(server.accepted) == 2


def test_a_claim_after_a_silence_registers_the_connection(
    engine: Engine, ring: Ring, post: Post, server: MailServer, here: Settings
) -> None:
    """A worker that slept for long claims again, and its row was pruned meanwhile."""
    seen = []

    def forget() -> None:
        post.change("DELETE FROM delivery_connection")
        # It is refused, claims again, and is asked again.
        server.before_dot.append(lambda: seen.extend(post.ask("SELECT transport FROM delivery_connection")))
        time.sleep(DEAD_AFTER)

    server.before_dot.append(forget)
    deliver_letters(engine, ring, here, first_tries=True)
    # A busy machine may have opened a second one for the other letter.
    assert set(seen) == {("mailbox",)}
    assert len(server.accepted) == 2


def test_the_heartbeat_outlasts_a_database_that_was_away(postgres_url: str, post: Post) -> None:
    post.change("INSERT INTO delivery_connection (name, transport, host) VALUES ('w', 'relay', 'h')")

    def last() -> object:
        return post.ask("SELECT beat_at FROM delivery_connection")[0][0]

    def beats(first: object) -> None:
        wait_until(lambda: last() != first, 5, "a heartbeat")

    own = make_engine(postgres_url)
    heartbeat = Heartbeat(own, Timing(heartbeat=0.05))
    heartbeat.add("w", boot_seconds())
    beats(last())
    with at_once(own) as connection:
        used = connection.scalar(text("SELECT pg_backend_pid()"))
    assert post.ask(f"SELECT pg_terminate_backend({used})")
    beats(last())
    assert not heartbeat.is_lost("w")
    heartbeat.remove("w")
    assert heartbeat.is_lost("w")
    wait_until(lambda: all(one.name != "heartbeat" for one in threading.enumerate()), 5, "its thread's end")
    own.dispose()


def test_a_worker_stops_well_before_it_is_dead() -> None:
    assert USUAL.longest_silence == 20.0
