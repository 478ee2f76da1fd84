"""A receiving domain that refuses everything is held, what it refused waits again, and its rate is learned."""

from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import Engine

from shared.domain.transport import Transport
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.domains import try_now
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import copy_letters, make_campaign, write_letters
from tests.services.came_back import Post, report
from tests.smtp_server import ScriptedSmtpServer

DOMAIN = "practice.example"
POLICY = "550 5.7.1 Message refused"
HELD = "SELECT open_until > now(), trial, allowance, rate_per_hour FROM domain_pace WHERE transport = 'relay'"


class Filter:
    """A mail server that takes so many letters in a time, then refuses each one."""

    def __init__(self, server: ScriptedSmtpServer, takes: int, reply: str = POLICY) -> None:
        self.server, self.takes, self.reply, self.refused = server, takes, reply, 0
        server.on_verb = self._before

    def takes_again(self, letters: int) -> None:
        """Its window has passed."""
        self.takes = len(self.server.accepted) + letters

    def _before(self, verb: str) -> None:
        if verb == "DATA":
            is_full = len(self.server.accepted) >= self.takes
            self.refused += is_full
            self.server.replies = {"dot": self.reply} if is_full else {}


class Office:
    """Letters to a domain of many mailboxes, and the workers that deliver them."""

    def __init__(self, engine: Engine, settings: Settings, ring: Ring, post: Post) -> None:
        self.engine, self.settings, self.ring, self.post = engine, settings, ring, post

    def deliver(self, url: str) -> None:
        """The workers deliver what is due, then a sweep comes."""
        settings = replace(self.settings, mail_relay_url=url)
        while deliver_letters(self.engine, self.ring, settings, first_tries=True):
            pass
        sweep(self.engine, self.ring, settings)

    def later(self, interval: str) -> None:
        """Time passes for the domain."""
        self.post.change(
            "UPDATE domain_pace SET open_until = open_until - CAST(:by AS interval), held_at = held_at -"
            " CAST(:by AS interval), allowed_at = allowed_at - CAST(:by AS interval), refilled_at = refilled_at -"
            " CAST(:by AS interval)",
            by=interval,
        )

    def states(self) -> dict[str, int]:
        """How many letters are in each state."""
        return dict(self.post.ask("SELECT state, count(*) FROM letter GROUP BY state"))  # type: ignore[arg-type]


@pytest.fixture
def office(engine: Engine, settings: Settings, ring: Ring) -> Office:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    post = Post(engine, settings, ring)
    # The servers of these tests count over one connection.
    post.change("INSERT INTO relay_state (server, max_connections) VALUES ('relay', 1)")
    return Office(engine, settings, ring, post)


def write(office: Office, count: int, mailboxes: int = 20) -> None:
    """So many letters wait, and nothing else."""
    copy_letters(office.engine, count, mailboxes=mailboxes)
    office.post.change("UPDATE letter SET state = 'cancelled' WHERE transport = 'mailbox'")


@pytest.mark.parametrize("reply", [POLICY, "554 5.7.1 Message contains spam", "550 5.6.0 Rejected content"])
def test_a_domain_that_refuses_everything_is_held_and_loses_nothing(office: Office, reply: str) -> None:
    write(office, 400)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=100, reply=reply)
        office.deliver(server.url)
        assert wall.refused <= 10
        assert office.post.ask(HELD) == [(True, 1, 1, None)]
        assert office.states() == {"sent": 100, "queued": 300, "cancelled": 2}
        office.deliver(server.url)
        assert len(server.accepted) == 100


def test_trials_double_and_the_domains_rate_is_learned(office: Office) -> None:
    write(office, 600)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=100)
        office.deliver(server.url)
        wall.takes_again(100)
        office.later("61 minutes")
        for trial in (1, 2, 4, 8):
            assert office.post.ask("SELECT trial, allowance FROM domain_pace WHERE transport = 'relay'") == [
                (trial, trial)
            ]
            office.deliver(server.url)
            office.later("31 minutes")
            office.deliver(server.url)
        for _ in range(5):
            office.later("31 minutes")
            office.deliver(server.url)
        held, trial, allowance, rate = office.post.ask(HELD)[0]
        assert (held, trial, allowance) == (True, 1, 1)
        assert rate is not None
        assert 10 <= rate <= 200
        assert wall.refused <= 20
        states = office.states()
        assert states["sent"] == len(server.accepted) == 200
        assert states["queued"] == 400
        refused = wall.refused
        wall.takes_again(100)
        office.later("61 minutes")
        for _ in range(12):
            office.later("31 minutes")
            office.deliver(server.url)
        assert wall.refused == refused
        assert len(server.accepted) > 200
        assert office.post.ask(HELD)[0][3] == rate


def test_a_trial_that_is_refused_begins_another_rest(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=0)
        office.deliver(server.url)
        before = wall.refused
        office.later("61 minutes")
        office.deliver(server.url)
        assert wall.refused == before + 1
        assert office.post.ask(HELD) == [(True, 1, 1, None)]
        assert office.states()["queued"] == 60


def test_an_organizer_releases_a_held_domain_at_once(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=0)
        office.deliver(server.url)
        wall.takes_again(1_000)
        try_now(office.engine, DOMAIN, actor="organizer:1")
        office.deliver(server.url)
    assert office.states() == {"sent": 60, "cancelled": 2}


class Organizers:
    """What the organizers read about domains that refuse everything."""

    def __init__(self, office: Office) -> None:
        self.office, self.post = office, office.post

    def states(self) -> list[str]:
        """Of each such email, oldest first."""
        rows = self.post.ask("SELECT state FROM follow_up WHERE kind = 'domain_refuses' ORDER BY id")
        return [state for (state,) in rows]

    def sweeps(self) -> None:
        """Twice: nothing is told twice."""
        for _ in range(2):
            sweep(self.office.engine, self.office.ring, self.office.settings)

    def a_day_later(self) -> None:
        """Time passes for what was told."""
        self.post.change("UPDATE follow_up SET created_at = created_at - interval '25 hours', due_at = now()")

    def reads(self) -> list[bytes]:
        """What is due for them leaves."""
        self.post.change("UPDATE follow_up SET due_at = now() WHERE kind = 'domain_refuses' AND state = 'queued'")
        with ScriptedSmtpServer() as server:
            settings = replace(self.office.settings, mail_relay_url=server.url)
            while send_mail(self.office.engine, self.office.ring, settings):
                pass
        return [raw for _, to, raw in server.accepted if to == settings.organizer_email and b"refuse" in raw]


@pytest.fixture
def organizers(office: Office) -> Organizers:
    return Organizers(office)


def refuse_all(office: Office) -> None:
    """The domain is held, with letters that wait."""
    write(office, 40)
    with ScriptedSmtpServer() as server:
        Filter(server, takes=10)
        office.deliver(server.url)


def test_organizers_are_told_of_a_domain_that_refuses_everything(office: Office, organizers: Organizers) -> None:
    organizers.sweeps()
    assert organizers.states() == []
    refuse_all(office)
    organizers.sweeps()
    # In a few minutes, with other domains behind the same filter.
    assert office.post.ask("SELECT state, due_at > now() FROM follow_up WHERE kind = 'domain_refuses'") == [
        ("queued", True)
    ]
    (raw,) = organizers.reads()
    mail = message_from_bytes(raw, policy=default)
    body = mail.get_body(("plain",))
    assert body is not None
    words = " ".join(body.get_content().split())
    assert mail["Subject"] == "[Test] practice.example refuses our letters"
    assert "30 letters wait." in words
    assert f'The mail server said: "{POLICY}"' in words
    assert "Nothing is lost: the letters wait, and we told no supporter that their letter failed." in words
    assert "The next letter goes out on " in words
    assert f"allow mail from {office.settings.mail_domain}." in words
    assert "/admin/delivery#domains" in words
    assert "/mine/" not in words
    assert mail["List-Unsubscribe"] is None


def test_organizers_are_told_once_a_day_while_a_domain_goes_on_refusing(office: Office, organizers: Organizers) -> None:
    refuse_all(office)
    assert len(organizers.reads()) == 1
    # Held again within the day, and a day later without another refusal.
    office.post.change("UPDATE domain_pace SET held_at = now() WHERE trial > 0")
    organizers.sweeps()
    assert organizers.states() == ["sent"]
    organizers.a_day_later()
    office.post.change("UPDATE domain_pace SET held_at = now() - interval '2 days' WHERE trial > 0")
    organizers.sweeps()
    assert organizers.states() == ["sent"]
    # On trial since, and held again at last.
    office.post.change(
        "UPDATE domain_pace SET held_at = now(), open_until = now(), trial = 4, allowance = 0 WHERE trial > 0"
    )
    organizers.sweeps()
    (mail,) = organizers.reads()
    assert b"A trial of 4 letters is under way." in mail
    assert organizers.states() == ["sent", "sent"]


@pytest.mark.parametrize("why", ["released", "nothing waits"])
def test_organizers_are_not_told_when_it_is_over(office: Office, organizers: Organizers, why: str) -> None:
    refuse_all(office)
    if why == "released":
        try_now(office.engine, DOMAIN, actor="test")
        # No email leaves while letters are due.
        office.post.change("UPDATE letter SET due_at = now() + interval '1 hour' WHERE state = 'queued'")
    else:
        office.post.change("UPDATE letter SET state = 'cancelled' WHERE state = 'queued'")
    assert organizers.reads() == []
    assert organizers.states() == ["cancelled"]
    organizers.a_day_later()
    organizers.sweeps()
    assert organizers.states() == ["cancelled"]


def reply_to(server: ScriptedSmtpServer, is_refused: Callable[[str], bool]) -> None:
    """Refuses letters to some mailboxes."""

    def before(verb: str) -> None:
        if verb == "RCPT":
            server.replies = {"dot": POLICY} if is_refused(server.lines[-1]) else {}

    server.on_verb = before


@pytest.mark.parametrize("mailboxes", [1, 2])
def test_a_mailbox_or_two_that_refuse_hold_nobody_else(office: Office, mailboxes: int) -> None:
    write(office, 160, mailboxes=160)
    refusing = {f"office{number}@" for number in range(1, mailboxes + 1)}
    with ScriptedSmtpServer() as server:
        reply_to(server, lambda line: any(f"<{one}" in line for one in refusing))
        office.deliver(server.url)
        assert len(server.accepted) == 160 - mailboxes
    assert office.post.ask(HELD) == [(None, 0, 140, None)]
    assert office.states() == {"sent": 160 - mailboxes, "rejected": mailboxes, "cancelled": 2}


def test_what_supporters_wrote_themselves_holds_nobody(office: Office) -> None:
    write(office, 100)
    office.post.change("UPDATE submission SET own_words = 'Angry words.'")
    with ScriptedSmtpServer(replies={"dot": "550 5.7.1 Message rejected as spam"}) as server:
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is None
    assert office.states() == {"rejected": 100, "cancelled": 2}


def bounce(recipient: str, *, reporter: str = "relay.example", remote: str = "mx.practice.example") -> bytes:
    """What a relay writes when the receiving server refuses a letter that the relay has taken."""
    raw = report(("failed", "5.7.1", POLICY), recipient)
    raw = raw.replace(b"Reporting-MTA: dns; relay.example", f"Reporting-MTA: dns; {reporter}".encode())
    return raw.replace(b"Diagnostic-Code:", f"Remote-MTA: dns; {remote}\r\nDiagnostic-Code:".encode())


def bounces(office: Office, limit: int, **parties: str) -> int:
    """Letters that have left come back, the first ones first; how many."""
    left = office.post.ask(
        "SELECT id, recipient_email, resends FROM letter WHERE state = 'sent' ORDER BY sent_at, id LIMIT :limit",
        limit=limit,
    )
    for number, recipient, resends in left:
        office.post.comes(bounce(recipient, **parties), to=office.post.verp(number=number, resends=resends))
    return len(left)


def test_a_relay_that_takes_all_and_returns_it_later_loses_nothing(office: Office) -> None:
    write(office, 1_000)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        assert len(server.accepted) == 300, "a new domain gets no more at first"
        office.deliver(server.url)
        assert len(server.accepted) == 300
        office.later("20 minutes")
        assert bounces(office, 60) == 60
        office.deliver(server.url)
        held, trial, allowance, _rate = office.post.ask(HELD)[0]
        assert (held, trial, allowance) == (True, 1, 1)
        assert office.states() == {"sent": 240, "queued": 760, "cancelled": 2}
        assert bounces(office, 240) == 240
        office.deliver(server.url)
        assert office.states() == {"queued": 1_000, "cancelled": 2}
        assert office.post.ask(HELD)[0][:3] == (True, 1, 1)


def test_what_came_back_from_behind_the_receiving_server_is_not_sent_again(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, 20, reporter="mx.practice.example", remote="store.practice.example")
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is True
    assert office.states() == {"bounced": 20, "sent": 40, "cancelled": 2}


def test_a_few_letters_that_come_back_hold_nobody(office: Office) -> None:
    write(office, 200)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        for number, recipient in office.post.ask("SELECT id, recipient_email FROM letter WHERE id % 10 = 0"):
            office.post.comes(bounce(recipient), to=office.post.verp(number=number))
    assert office.post.ask(HELD)[0][0] is None
    assert office.states()["bounced"] == 20


def test_a_new_domain_that_refuses_nothing_gets_everything_after_half_an_hour(office: Office) -> None:
    write(office, 500)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        assert len(server.accepted) == 300
        office.later("31 minutes")
        office.deliver(server.url)
        office.deliver(server.url)
        assert len(server.accepted) == 500
    assert office.post.ask(HELD) == [(None, 0, None, None)]


MAILBOX = "SELECT mailbox, taken, most FROM mailbox_pace WHERE most IS NOT NULL"


def an_hour_later(office: Office) -> None:
    """The hour of every mailbox is over, and what waited for it is due."""
    office.post.change("UPDATE mailbox_pace SET hour_began_at = hour_began_at - interval '61 minutes'")
    office.post.change("UPDATE letter SET due_at = now() WHERE state = 'queued'")


def test_a_mailbox_that_refuses_everything_is_held_alone_and_loses_nothing(office: Office) -> None:
    write(office, 200, mailboxes=10)
    is_open = False
    with ScriptedSmtpServer() as server:
        reply_to(server, lambda line: not is_open and "<office3@" in line)
        office.deliver(server.url)
        office.deliver(server.url)
        assert office.post.ask(HELD)[0][0] is None
        assert office.states() == {"sent": 180, "queued": 20, "cancelled": 2}
        assert office.post.ask(MAILBOX) == [(f"office3@{DOMAIN}", 0, 0)]
        for takes in (1, 2, 4):
            is_open = True
            an_hour_later(office)
            before = len(server.accepted)
            office.deliver(server.url)
            assert len(server.accepted) - before == takes
        is_open = False
        an_hour_later(office)
        office.deliver(server.url)
        office.deliver(server.url)
        assert office.post.ask(MAILBOX) == [(f"office3@{DOMAIN}", 0, 0)]
        assert office.states() == {"sent": 187, "queued": 13, "cancelled": 2}


def test_a_mailbox_behind_a_relay_is_held_alone(office: Office) -> None:
    write(office, 200, mailboxes=10)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        for number, recipient in office.post.ask(
            "SELECT id, recipient_email FROM letter WHERE recipient_email LIKE 'office3@%' ORDER BY sent_at, id"
        ):
            office.post.comes(bounce(recipient), to=office.post.verp(number=number))
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is None
    assert office.states() == {"sent": 180, "queued": 20, "cancelled": 2}


def test_a_mailbox_gets_no_more_within_an_hour_than_the_setting_says(office: Office) -> None:
    office.settings = replace(office.settings, mailbox_per_hour=30.0)
    write(office, 200, mailboxes=2)
    with ScriptedSmtpServer() as server:
        for hour in (1, 2):
            office.deliver(server.url)
            office.deliver(server.url)
            assert len(server.accepted) == 60 * hour
            waiting = "SELECT count(*) FROM letter WHERE due_at > now() AND deliver_by > due_at + interval '4 days'"
            assert office.post.ask(waiting) == [(200 - 60 * hour,)]
            an_hour_later(office)


def test_letters_for_the_test_inbox_are_not_counted(office: Office) -> None:
    office.settings = replace(office.settings, mailbox_per_hour=1.0)
    copy_letters(office.engine, 20, mailboxes=1, transport=Transport.MAILBOX)
    with ScriptedSmtpServer() as server:
        settings = replace(office.settings, mailbox_url=server.url)
        deliver_letters(office.engine, office.ring, settings, first_tries=True)
        assert len(server.accepted) == 22
    assert office.post.ask("SELECT count(*) FROM mailbox_pace") == [(0,)]
