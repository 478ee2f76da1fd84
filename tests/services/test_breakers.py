"""What failed once stops everybody once: relays and receiving domains rest, and a batch in flight changes no rest."""

import smtplib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared.db import pace, relay_states
from shared.db.claims import Result
from shared.domain.causes import Cause
from shared.domain.pace import BatchSummary, Pace, next_pace
from shared.domain.relay_state import Breaker, RelayState
from shared.domain.states import LetterState
from shared.domain.transport import MailServer, Transport
from shared.providers import smtp
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.carry import Carried
from shared.services.delivery.deliver import _Letters
from shared.services.delivery.domains import set_rate
from shared.services.delivery.run import Batch
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.services.came_back import DISTRUSTED, Post, report
from tests.smtp_server import ScriptedSmtpServer

HERE = (Transport.MAILBOX, "practice.example")
REFUSED = Carried((), BatchSummary(0, 0, 0.1, refused=True), Cause.CONNECTION)
ANSWERED = Carried((), BatchSummary(1, 0, 0.1))
REST = "SELECT extract(epoch FROM open_until - now())::float8 FROM domain_pace"


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    """Letters of six supporters to one slow domain are due."""
    make_campaign(engine)
    for number in range(6):
        write_letters(engine, ring, settings, f"p{number}@example.org")
    post = Post(engine, settings, ring)
    post.change("UPDATE domain_pace SET connections = 20, seconds_per_letter = 3")
    return post


class Carrier:
    """One connection of a worker, whose batches end as a test says."""

    def __init__(self, engine: Engine, settings: Settings, ring: Ring) -> None:
        self._engine, self._lane = engine, _Letters(ring, settings, LetterState.QUEUED)

    def claim(self, name: str) -> Batch | None:
        with self._engine.begin() as connection:
            return self._lane.claim(connection, name)

    def record(self, batch: Batch | None, carried: Carried) -> None:
        assert batch is not None
        with self._engine.begin() as connection:
            self._lane.record(connection, batch, carried)

    def state(self) -> RelayState:
        with self._engine.connect() as connection:
            return relay_states.read_states(connection)[MailServer.MAILBOX]


@pytest.fixture
def carrier(engine: Engine, settings: Settings, ring: Ring, post: Post) -> Carrier:
    return Carrier(engine, settings, ring)


@pytest.fixture
def rest_is_over(post: Post) -> Callable[[], None]:
    def end() -> None:
        for table in ("relay_state", "domain_pace"):
            post.change(f"UPDATE {table} SET open_until = now() WHERE open_until > now()")

    return end


@pytest.mark.parametrize("cause", [Cause.CONNECTION, Cause.TLS, Cause.AUTHENTICATION])
def test_five_connections_that_are_refused_at_once_are_one_break(carrier: Carrier, post: Post, cause: Cause) -> None:
    batches = [carrier.claim(f"carrier-{number}") for number in range(5)]
    for batch in batches:
        carrier.record(batch, replace(REFUSED, refusal=cause))
    state = carrier.state()
    assert (state.failures, state.epoch, state.open_cause, state.breaker) == (1, 1, cause, Breaker.OPEN)
    assert 4 < post.ask(REST)[0][0] <= 5
    assert post.ask("SELECT failures, connections FROM domain_pace") == [(0, 20)], "it says nothing about the domain"
    assert carrier.claim("another") is None


def test_one_connection_probes_and_each_failure_makes_the_rest_longer(
    carrier: Carrier, post: Post, rest_is_over: Callable[[], None]
) -> None:
    carrier.record(carrier.claim("first"), REFUSED)
    for failures, rest in ((2, 10), (3, 20), (4, 40)):
        rest_is_over()
        probe = carrier.claim("probe")
        assert probe is not None
        assert (probe.is_probe, len(probe.parcels)) == (True, 1)
        carrier.record(probe, REFUSED)
        assert carrier.state().failures == failures
        assert (
            rest - 1 < post.ask("SELECT extract(epoch FROM open_until - now())::float8 FROM relay_state")[0][0] <= rest
        )


def test_a_batch_in_flight_neither_ends_nor_lengthens_a_break(
    carrier: Carrier, post: Post, rest_is_over: Callable[[], None]
) -> None:
    first, well, badly, late = (carrier.claim(f"carrier-{number}") for number in range(4))
    carrier.record(first, REFUSED)
    before = carrier.state()
    carrier.record(well, ANSWERED)
    carrier.record(badly, REFUSED)
    assert carrier.state() == before
    rest_is_over()
    carrier.record(carrier.claim("probe"), ANSWERED)
    assert carrier.state().breaker is Breaker.CLOSED
    carrier.record(late, REFUSED)
    assert carrier.state().breaker is Breaker.CLOSED, "it met the break that is over"
    assert carrier.claim("another") is not None


def test_a_probe_that_reached_no_server_says_nothing(carrier: Carrier, rest_is_over: Callable[[], None]) -> None:
    carrier.record(carrier.claim("first"), REFUSED)
    rest_is_over()
    carrier.record(carrier.claim("probe"), Carried((), BatchSummary(0, 0, 0.1)))
    assert carrier.state().breaker is Breaker.PROBING


@pytest.mark.parametrize(
    ("met", "breaker"),
    [
        (replace(ANSWERED, lost=1), Breaker.OPEN),
        (replace(REFUSED, too_many=True), Breaker.OPEN),
        (replace(REFUSED, refusal=Cause.OUR_DNS, refusing={HERE[1]: Cause.OUR_DNS}), Breaker.CLOSED),
    ],
    ids=["hangs up", "too many connections", "speaks for the domain"],
)
def test_a_probe_is_judged_by_the_servers_own_answer(
    carrier: Carrier, post: Post, rest_is_over: Callable[[], None], met: Carried, breaker: Breaker
) -> None:
    carrier.record(carrier.claim("first"), REFUSED)
    rest_is_over()
    post.change("INSERT INTO delivery_connection (name, transport, host) VALUES ('another', 'mailbox', 'b')")
    carrier.record(carrier.claim("probe"), met)
    assert carrier.state().breaker is breaker


def test_a_refusal_does_not_shorten_a_longer_rest(carrier: Carrier, engine: Engine, post: Post) -> None:
    batch = carrier.claim("carrier")
    with engine.begin() as connection:
        pace.stop_domain(connection, *HERE, break_s=3600, cause=Cause.OUR_DNS)
    carrier.record(batch, REFUSED)
    assert post.ask(REST)[0][0] > 3_500
    assert post.ask("SELECT open_cause FROM domain_pace") == [("our_dns",)]


def test_a_domain_that_distrusts_five_batches_counts_once(carrier: Carrier, post: Post) -> None:
    batches = [carrier.claim(f"carrier-{number}") for number in range(5)]
    for batch in batches:
        carrier.record(batch, replace(REFUSED, refusal=Cause.OUR_DNS))
    assert post.ask("SELECT failures FROM domain_pace") == [(1,)]
    assert carrier.state().breaker is Breaker.CLOSED


def test_a_batch_that_asked_no_server_says_nothing_about_it() -> None:
    known = Pace(failures=3, connections=7)
    assert next_pace(known, BatchSummary(answered=0, put_off=0, seconds=0.0)) == known


def test_a_bounce_stops_a_domain_whose_batch_ends_well_meanwhile(
    engine: Engine, settings: Settings, ring: Ring, sent: str
) -> None:
    post = Post(engine, settings, ring)
    write_letters(engine, ring, settings, "in-flight@example.org")
    news = [report(DISTRUSTED)]

    def bounce_comes(verb: str) -> None:
        if verb == "DATA" and news:
            post.comes(news.pop())

    with ScriptedSmtpServer(on_verb=bounce_comes) as server:
        here = replace(settings, mailbox_url=server.url)
        deliver_letters(engine, ring, here, first_tries=True)
        assert post.ask(REST)[0][0] > 3_000
        write_letters(engine, ring, settings, "later@example.org")
        deliver_letters(engine, ring, here, first_tries=True)
    assert post.ask("SELECT count(*) FROM letter WHERE reply_to = 'later@example.org' AND state = 'queued'") == [(2,)]


@pytest.fixture
def mail(engine: Engine, settings: Settings, ring: Ring) -> Post:
    """Emails to 500 supporters are due, half of them at gmail.com, and no letter is."""
    make_campaign(engine)
    write_letters(engine, ring, settings)
    post = Post(engine, settings, ring)
    post.change("UPDATE letter SET state = 'sent', sent_at = now()")
    post.change(
        "INSERT INTO follow_up (submission_id, campaign_id, kind, number, recipient_email, receiving_domain,"
        " email_hash, is_test, transport, due_at) SELECT s.id, s.campaign_id, 'thank_you', n, 'p' || n || '@' || d, d,"
        " md5(n::text), s.is_test, s.transport, now() FROM submission s, generate_series(1, 500) n,"
        " LATERAL (SELECT CASE WHEN n % 2 = 0 THEN 'gmail.com' ELSE 'example.org' END AS d) AS domain"
    )
    return post


def sent_to(server: ScriptedSmtpServer, domain: str) -> int:
    return sum(recipient.endswith(domain) for _, recipient, _ in server.accepted)


@pytest.mark.parametrize("cause", [Cause.AUTHENTICATION, Cause.CONNECTION])
def test_letters_and_emails_to_supporters_share_one_break(
    engine: Engine, settings: Settings, ring: Ring, mail: Post, monkeypatch: pytest.MonkeyPatch, cause: Cause
) -> None:
    tries: list[str] = []

    def refuses(self: smtp.SmtpSession) -> smtplib.SMTP:
        tries.append(self.url)
        if cause is Cause.CONNECTION:
            raise ConnectionRefusedError
        raise smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong password")

    monkeypatch.setattr(smtp.SmtpSession, "_connect", refuses)
    for _ in range(3):
        send_mail(engine, ring, settings)
    assert len(tries) == 1
    write_letters(engine, ring, settings, "later@example.org")
    deliver_letters(engine, ring, settings, first_tries=True)
    assert len(tries) == 1
    mail.change("UPDATE relay_state SET open_until = now()")
    for _ in range(3):
        deliver_letters(engine, ring, settings, first_tries=True)
        send_mail(engine, ring, settings)
    assert len(tries) == 2, "one probe"


def test_a_rate_of_a_domain_counts_for_emails_to_supporters(
    engine: Engine, settings: Settings, ring: Ring, mail: Post
) -> None:
    mail.change("UPDATE follow_up SET transport = 'relay', is_test = false")
    set_rate(engine, "gmail.com", 60, actor="test")
    with ScriptedSmtpServer() as server:
        used = replace(settings, mail_relay_url=server.url)
        send_mail(engine, ring, used)
        assert (sent_to(server, "gmail.com"), sent_to(server, "example.org")) == (1, 250)
        mail.change("UPDATE domain_pace SET refilled_at = now() - interval '1 hour'")
        send_mail(engine, ring, used)
        assert sent_to(server, "gmail.com") == 2, "one minute's worth at a time"


def test_a_domain_that_distrusts_us_holds_up_no_other_domains_emails(
    engine: Engine, settings: Settings, ring: Ring, mail: Post
) -> None:
    server = ScriptedSmtpServer()

    def distrust(verb: str) -> None:
        if verb == "RCPT":
            at_gmail = "gmail.com" in server.lines[-1]
            server.replies["RCPT"] = "550 5.7.26 unauthenticated" if at_gmail else "250 ok"

    server.on_verb = distrust
    with server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    assert (sent_to(server, "gmail.com"), sent_to(server, "example.org")) == (0, 250)
    assert sum("RCPT" in line and "gmail.com" in line for line in server.lines) == 1
    rows: list[Any] = mail.ask("SELECT receiving_domain, open_cause FROM domain_pace WHERE open_until > now()")
    assert rows == [("gmail.com", "our_dns")]
    waiting = "SELECT count(*), max(tries) FROM follow_up WHERE state = 'queued' AND receiving_domain = 'gmail.com'"
    assert mail.ask(waiting) == [(250, 0)]


def test_a_relay_with_a_rate_gets_no_more_over_both_lanes(
    engine: Engine, settings: Settings, ring: Ring, mail: Post
) -> None:
    write_letters(engine, ring, settings, "later@example.org")
    mail.change("INSERT INTO relay_state (server, rate_per_hour, tokens) VALUES ('mailbox', 600, 10)")
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        deliver_letters(engine, ring, here, first_tries=True)
        assert len(server.accepted) == 2
        send_mail(engine, ring, here)
        assert len(server.accepted) == 10


def test_a_server_that_closes_kept_connections_has_not_failed(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    """It takes two emails on one connection and says 421 at the next MAIL."""
    server = ScriptedSmtpServer()
    seen: list[int] = []

    def close(verb: str) -> None:
        if verb == "EHLO":
            seen.clear()
        if verb == "MAIL":
            seen.append(1)
            server.replies = {"MAIL": "421 4.4.2 bye"} if len(seen) > 2 else {}

    server.on_verb = close
    # The server's script counts for one connection; a domain that is willing would soon get two.
    post.change("INSERT INTO relay_state (server, max_connections) VALUES ('mailbox', 1)")
    with server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert post.ask("SELECT state, count(*) FROM letter GROUP BY state") == [("sent", 12)]
    assert post.ask("SELECT count(*) FROM relay_state WHERE failures > 0") == [(0,)]


def test_a_server_that_says_421_to_a_new_connection_is_paused(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    post.change("UPDATE domain_pace SET connections = 1")
    with ScriptedSmtpServer(replies={"RCPT": "421 closing"}) as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert post.ask("SELECT failures, open_cause FROM relay_state") == [(1, "connection")]
    assert post.ask("SELECT state, count(*) FROM letter GROUP BY state ORDER BY state") == [
        ("deferred", 1),
        ("queued", 11),
    ]


def test_everybody_is_woken_when_a_probe_succeeds(
    engine: Engine, settings: Settings, ring: Ring, post: Post, carrier: Carrier, rest_is_over: Callable[[], None]
) -> None:
    carrier.record(carrier.claim("first"), REFUSED)
    rest_is_over()
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'queued', worker = '', lease_until = NULL"))
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert carrier.state().breaker is Breaker.CLOSED
    lengths = ring.queue_lengths()
    assert lengths is not None
    assert lengths["retry"] == 1
    assert len(server.accepted) == 12


def test_what_a_worker_learned_before_a_restore_is_not_told_of_another_row(carrier: Carrier, post: Post) -> None:
    """The restored database gave the number and the first attempt to another letter, which another worker holds."""
    batch = carrier.claim("a")
    assert batch is not None
    post.change("UPDATE letter SET worker = 'b' WHERE state = 'sending'")
    sent = tuple(Result(one.id, one.attempt, LetterState.SENT) for one in batch.parcels)
    carrier.record(batch, replace(ANSWERED, results=sent))
    assert post.ask("SELECT DISTINCT state, worker FROM letter WHERE worker <> ''") == [("sending", "b")]
    post.change("UPDATE letter SET worker = 'a' WHERE state = 'sending'")
    carrier.record(batch, replace(ANSWERED, results=sent))
    assert post.ask("SELECT count(*) FROM letter WHERE state = 'sent'") == [(len(sent),)]
