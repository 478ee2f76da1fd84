"""All hosts together hold no more connections to a mail server than it takes."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.recover import recover
from shared.services.delivery.run import journal_folder
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.services.came_back import Post
from tests.smtp_server import ScriptedSmtpServer


def think(verb: str) -> None:
    """A server that takes its time gets more connections."""
    if verb == "DATA":
        time.sleep(0.05)


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    """Eighty letters to one slow domain that would take twenty connections."""
    make_campaign(engine)
    for number in range(40):
        write_letters(engine, ring, settings, f"p{number}@example.org")
    post = Post(engine, settings, ring)
    post.change("UPDATE domain_pace SET connections = 20, seconds_per_letter = 1")
    return post


def deliver(engine: Engine, ring: Ring, settings: Settings, server: ScriptedSmtpServer) -> None:
    """Two workers at once."""
    here = replace(settings, mailbox_url=server.url, timing=replace(settings.timing, batch=2.0))
    with ThreadPoolExecutor(2) as pool:
        for run in [pool.submit(deliver_letters, engine, ring, here, first_tries=True) for _ in range(2)]:
            run.result(30)


def test_connections_stay_below_the_ceiling_and_reach_it(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    post.change("INSERT INTO relay_state (server, max_connections) VALUES ('mailbox', 3)")
    with ScriptedSmtpServer(on_verb=think) as server:
        deliver(engine, ring, settings, server)
    assert server.most_open == 3
    assert post.ask("SELECT state, count(*) FROM letter GROUP BY state") == [("sent", 80)]
    assert post.ask("SELECT count(*) FROM delivery_connection") == [(0,)]


def test_a_server_that_takes_few_connections_is_not_paused(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    with ScriptedSmtpServer(on_verb=think, max_connections=4) as server:
        deliver(engine, ring, settings, server)
    assert server.too_many > 0
    assert post.ask("SELECT learned_connections, failures, open_until FROM relay_state") == [(4, 0, None)]
    assert post.ask("SELECT open_until FROM domain_pace") == [(None,)]
    assert post.ask("SELECT count(*), max(tries) FROM letter WHERE state <> 'sent'")[0][1] in {None, 0}


def test_what_closed_since_a_refused_connection_was_opened_lowers_no_ceiling(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    post.change(
        "INSERT INTO delivery_connection (name, transport, host)"
        " SELECT 'other' || number, 'mailbox', 'b' FROM generate_series(1, 6) AS number"
    )

    def close(verb: str) -> None:
        """While it refuses us, other hosts have sent all that they had."""
        if verb == "":
            post.change("DELETE FROM delivery_connection WHERE host = 'b' AND name <> 'other1'")
            server.max_connections = 0

    with (
        ScriptedSmtpServer(max_connections=1, on_verb=close) as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert post.ask("SELECT learned_connections, failures FROM relay_state") == [(6, 0)]


def test_emails_to_supporters_share_the_ceiling_with_letters(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    post.change("UPDATE letter SET state = 'sent', sent_at = now()")
    post.change("UPDATE follow_up SET due_at = now(), needs = '{}'")
    post.change("INSERT INTO relay_state (server, max_connections) VALUES ('mailbox', 1)")
    post.change("INSERT INTO delivery_connection (name, transport, host) VALUES ('of-another-host', 'mailbox', 'b')")
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        assert send_mail(engine, ring, here) == 0
        post.change("UPDATE delivery_connection SET beat_at = now() - interval '31 seconds'")
        assert send_mail(engine, ring, here) > 0, "its host is gone"


def test_a_dead_worker_of_this_host_frees_its_connection_at_once(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    folder = journal_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM delivery_connection")) == 0
    (folder / "dead.journal").touch()
    names = [path.name for path in folder.glob("*.journal")]
    assert names
    post.change("INSERT INTO delivery_connection (name, transport, host) VALUES ('dead', 'mailbox', 'here')")
    assert recover(engine, folder, settings.timing) == 1
    assert post.ask("SELECT count(*) FROM delivery_connection") == [(0,)]
