"""A host that is lost with letters in hand: its connections are free at once, what it held is looked at soon."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared.db.claims import claim_letters
from shared.db.delivery_connections import open_connection
from shared.db.pace import find_domain
from shared.domain.bulk import BulkAction
from shared.domain.letter_filter import Choice
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from shared.providers.journal import Item, Journal
from shared.queue.ring import Ring
from shared.services.attention import read_attention
from shared.services.bulk import ask_change
from shared.services.campaigns import read_campaign
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.recover import recover
from shared.services.doctor import Finding, examine
from shared.services.metrics import installation_metrics
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.services.came_back import Post
from tests.smtp_server import ScriptedSmtpServer

STATES = "SELECT state, count(*) FROM letter GROUP BY state ORDER BY state"
CONNECTIONS = "SELECT name FROM delivery_connection ORDER BY name"
Grow = Callable[[str], None]


def claim(engine: Engine, settings: Settings, worker: str, *, registered: bool) -> int:
    """One letter, as a worker claims it that is about to be lost; its number."""
    with engine.begin() as connection:
        domain = find_domain(connection, [Transport.MAILBOX], LetterState.QUEUED)
        assert domain is not None
        lease = settings.timing.lease
        rows = claim_letters(connection, domain, LetterState.QUEUED, worker=worker, lease_s=lease, limit=1)
        if registered:
            open_connection(connection, worker, Transport.MAILBOX)
    return int(rows[0]["id"])


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    """Three people's six letters to a quick domain, which takes two connections."""
    post = Post(engine, settings, ring)
    make_campaign(engine)
    for name in ("a", "b", "c"):
        write_letters(engine, ring, settings, f"{name}@example.org")
    post.change("UPDATE domain_pace SET connections = 2, seconds_per_letter = 0.01")
    return post


@pytest.fixture
def grow(post: Post) -> Grow:
    """The lost host has not been heard of for so long."""

    def grow(age: str) -> None:
        post.change(
            f"UPDATE letter SET lease_until = lease_until - interval '{age}',"
            f" state_changed_at = state_changed_at - interval '{age}' WHERE state = 'sending'"
        )
        post.change(f"UPDATE delivery_connection SET beat_at = beat_at - interval '{age}'")

    return grow


def work(engine: Engine, settings: Settings, ring: Ring) -> int:
    """How many letters another host delivers now."""
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        sweep(engine, ring, here)
        deliver_letters(engine, ring, here, first_tries=True)
    return len(server.accepted)


def test_living_connections_are_busy(engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow) -> None:
    """However long ago they claimed: a server may take ten minutes to answer."""
    for worker in ("web-2.1.a", "web-2.1.b"):
        claim(engine, settings, worker, registered=True)
    grow("5 minutes")
    post.change("UPDATE delivery_connection SET beat_at = now() - interval '20 seconds'")
    assert work(engine, settings, ring) == 0
    assert post.ask(STATES) == [("queued", 4), ("sending", 2)]


@pytest.mark.parametrize("age", ["31 seconds", "5 minutes", "14 minutes"])
def test_a_dead_one_is_not_and_what_it_held_is_uncertain(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow, age: str
) -> None:
    for worker in ("web-2.1.a", "web-2.1.b"):
        claim(engine, settings, worker, registered=True)
    grow(age)
    assert work(engine, settings, ring) == 4
    assert post.ask(STATES) == [("sent", 4), ("uncertain", 2)]
    assert post.ask("SELECT DISTINCT cause, crash_count FROM letter WHERE state = 'uncertain'") == [
        ("lease_expired", 0)
    ]


@pytest.mark.parametrize("age", ["31 seconds", "5 minutes"])
def test_a_worker_of_an_older_version_keeps_its_letters_but_no_connection(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow, age: str
) -> None:
    """It registers none, and may still be waiting for an answer: only its lease tells."""
    for worker in ("old-1", "old-2"):
        claim(engine, settings, worker, registered=False)
    assert work(engine, settings, ring) == 0
    grow(age)
    assert work(engine, settings, ring) == 4
    assert post.ask(STATES) == [("sending", 2), ("sent", 4)]


def test_a_lease_that_ran_out_ends_every_claim(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow
) -> None:
    """Also that of a living worker one of whose threads hangs."""
    claim(engine, settings, "old-1", registered=False)
    claim(engine, settings, "web-2.1.a", registered=True)
    grow("15 minutes")
    post.change("UPDATE delivery_connection SET beat_at = now()")
    assert work(engine, settings, ring) == 4
    assert post.ask(STATES) == [("sent", 4), ("uncertain", 2)]


def test_emails_to_supporters_too(engine: Engine, settings: Settings, ring: Ring, post: Post) -> None:
    work(engine, settings, ring)
    post.change("INSERT INTO delivery_connection (name, transport, host) VALUES ('web-2.1.a', 'mailbox', 'web-2')")
    post.change(
        "UPDATE follow_up SET state = 'sending', attempt = 1, worker = 'web-2.1.a',"
        " lease_until = now() + interval '14 minutes' WHERE id = 1"
    )
    sweep(engine, ring, settings)
    assert post.ask("SELECT state FROM follow_up WHERE id = 1") == [("sending",)]
    post.change("UPDATE delivery_connection SET beat_at = now() - interval '31 seconds'")
    sweep(engine, ring, settings)
    assert post.ask("SELECT state, cause FROM follow_up WHERE id = 1") == [("uncertain", "lease_expired")]
    assert post.ask(CONNECTIONS) == []


def test_a_journal_that_comes_later_still_tells(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow, tmp_path: Path
) -> None:
    """Another host found the letters first; then the lost one starts again, with its disk."""
    journal = Journal(tmp_path)
    sent = claim(engine, settings, journal.name, registered=True)
    claim(engine, settings, journal.name, registered=True)
    journal.hand(Item("letter", sent, 1))
    journal.dot(Item("letter", sent, 1))
    journal.end(Item("letter", sent, 1), "accepted", "", "250 ok")
    grow("1 minute")
    sweep(engine, ring, settings)
    assert post.ask(STATES) == [("queued", 4), ("uncertain", 2)]
    assert post.ask(CONNECTIONS) == [(journal.name,)]
    journal.abandon()
    recover(engine, tmp_path, settings.timing)
    assert post.ask(STATES) == [("queued", 5), ("sent", 1)]
    assert post.ask(CONNECTIONS) == []


def test_a_killed_worker_s_connection_is_free_as_soon_as_its_journal_is_read(
    engine: Engine, settings: Settings, ring: Ring, post: Post, tmp_path: Path
) -> None:
    journal = Journal(tmp_path)
    claim(engine, settings, journal.name, registered=True)
    recover(engine, tmp_path, settings.timing)
    assert post.ask(CONNECTIONS) == [(journal.name,)]
    journal.abandon()
    recover(engine, tmp_path, settings.timing)
    assert post.ask(STATES) == [("queued", 6)]
    assert post.ask(CONNECTIONS) == []


def test_a_dead_connection_is_forgotten_when_nothing_refers_to_it(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow
) -> None:
    claim(engine, settings, "web-2.1.a", registered=True)
    with engine.begin() as connection:
        open_connection(connection, "web-2.1.b", Transport.MAILBOX)
    grow("31 seconds")
    with engine.begin() as connection:
        open_connection(connection, "web-3.1.a", Transport.MAILBOX)
    sweep(engine, ring, settings)
    assert post.ask(CONNECTIONS) == [("web-2.1.a",), ("web-3.1.a",)]
    post.change("UPDATE letter SET attended_at = now() WHERE state = 'uncertain'")
    sweep(engine, ring, settings)
    assert post.ask(CONNECTIONS) == [("web-3.1.a",)]


def test_a_lost_crowd_is_looked_at_in_one_sweep(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow
) -> None:
    for n in range(100):
        write_letters(engine, ring, settings, f"crowd{n}@example.org")
    claim(engine, settings, "web-2.1.a", registered=True)
    post.change("UPDATE letter SET state = 'sending', worker = 'web-2.1.a', lease_until = now() + interval '1 hour'")
    grow("31 seconds")
    sweep(engine, ring, settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM letter WHERE state = 'sending'")) == 0


@pytest.mark.parametrize("table", ["letter", "follow_up"])
def test_a_slow_server_has_at_most_two_in_hand_at_a_connection(
    engine: Engine, settings: Settings, ring: Ring, post: Post, table: str
) -> None:
    """So many are uncertain when the host is lost now; the first batch, of which nothing is known yet, included."""
    post.change("UPDATE domain_pace SET seconds_per_letter = 0")
    held = []

    def look(verb: str) -> None:
        if verb == "DATA":
            held.extend(post.ask(f"SELECT count(*) FROM {table} WHERE state = 'sending' GROUP BY worker"))
            time.sleep(0.3)

    if table == "follow_up":
        work(engine, settings, ring)
        post.change("UPDATE follow_up SET due_at = now() WHERE kind = 'thank_you'")
    with ScriptedSmtpServer(on_verb=look) as server:
        here = replace(settings, mailbox_url=server.url)
        deliver_letters(engine, ring, here, first_tries=True)
        send_mail(engine, ring, here)
    assert max(held) == (2,)
    assert held[-1] == (1,)


def found(engine: Engine, settings: Settings) -> Finding:
    return next(one for one in examine(engine, settings) if one.name == "uncertain")


def test_a_lost_host_is_named_until_somebody_has_dealt_with_it(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow
) -> None:
    """By doctor and by the campaign's page, with what can be done."""
    assert found(engine, settings).is_ok
    claim(engine, settings, "a.1.a", registered=True)
    post.change("UPDATE delivery_connection SET host = 'web-2'")
    grow("31 seconds")
    sweep(engine, ring, settings)
    stored = read_campaign(engine, "co-ops")
    [group] = read_attention(engine, settings, stored, lambda _: "14:02").groups
    assert group.title == "A worker on host web-2 stopped answering at 14:02; 1 letter may have left"
    assert [move.action for move in group.moves] == [BulkAction.SETTLE, BulkAction.RETRY]
    said = found(engine, settings)
    assert "1 letter may have left, the first at 20" in said.words
    assert "1 of co-ops to practice.example (a worker on host web-2 stopped answering)" in said.words
    assert f"{settings.public_url}/admin/campaigns/co-ops?state=uncertain&needs=yes#letters" in said.advice
    ask_change(
        engine,
        ring,
        Choice(1, group.wanted),
        BulkAction.SETTLE,
        actor="organizer:1",
        title=group.title,
        delay=timedelta(),
        expected=1,
    )
    assert read_attention(engine, settings, stored, str).groups == ()
    assert found(engine, settings).is_ok
    sweep(engine, ring, settings)
    assert post.ask(CONNECTIONS) == []


def test_several_lost_hosts_are_named_together(
    engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow
) -> None:
    for host in ("web-2", "web-3"):
        claim(engine, settings, host, registered=True)
        post.change(f"UPDATE delivery_connection SET host = name WHERE name = '{host}'")
        grow("31 seconds")
    sweep(engine, ring, settings)
    [group] = read_attention(engine, settings, read_campaign(engine, "co-ops"), lambda _: "14:02").groups
    words = "Workers on hosts web-2 and web-3 stopped answering, the last at 14:02; 2 letters may have left"
    assert group.title == words


def test_a_server_that_was_lost_is_no_lost_host(engine: Engine, settings: Settings, ring: Ring, post: Post) -> None:
    post.change("UPDATE letter SET state = 'uncertain', cause = 'lost_after_dot' WHERE id < 3")
    assert "2 of co-ops to practice.example;" in found(engine, settings).words + ";"
    [group] = read_attention(engine, settings, read_campaign(engine, "co-ops"), str).groups
    assert group.title == "2 letters may have arrived, or not"


def test_open_connections_are_a_figure(engine: Engine, settings: Settings, ring: Ring, post: Post, grow: Grow) -> None:
    claim(engine, settings, "a", registered=True)
    grow("31 seconds")
    claim(engine, settings, "b", registered=True)
    told = installation_metrics(engine, ring, settings).decode()
    assert 'dearrep_delivery_connections{transport="mailbox"} 1.0' in told
    assert 'dearrep_delivery_connections{transport="relay"} 0.0' in told
