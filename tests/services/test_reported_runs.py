"""What comes back of letters that a relay has taken: runs of refusals, and what never goes out again."""

import pytest

from shared.services.delivery.domains import try_now
from tests.services.filters import DOMAIN, HELD, MAILBOX, Office, arrives, bounces, write
from tests.smtp_server import ScriptedSmtpServer

OFFICE_3 = "recipient_email LIKE 'office3@%'"
CONTENT = ("failed", "5.7.1", "550 5.7.1 Message refused by policy")


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
        bounces(office, which="id % 10 = 0")
    assert office.post.ask(HELD)[0][0] is None
    assert office.states()["bounced"] == 20


def test_a_mailbox_behind_a_relay_is_held_alone(office: Office) -> None:
    write(office, 200, mailboxes=10)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, which=OFFICE_3)
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is None
    assert office.states() == {"sent": 180, "queued": 20, "cancelled": 2}


def test_late_reports_after_a_release_hold_nothing_and_lose_nothing(office: Office) -> None:
    write(office, 100)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        office.later("20 minutes")
        bounces(office, 20)
        office.deliver(server.url)
        assert office.post.ask(HELD)[0][0] is True
        try_now(office.engine, DOMAIN, actor="organizer:1")
        bounces(office, 20)
        assert office.post.ask(HELD)[0][:2] == (None, 0)
        office.deliver(server.url)
        office.deliver(server.url)
    assert office.states() == {"sent": 100, "cancelled": 2}


def test_one_mailbox_that_returns_letters_in_a_trial_holds_only_itself(office: Office) -> None:
    write(office, 200, mailboxes=10)
    office.post.change("UPDATE domain_pace SET trial = 128, allowance = 128 WHERE transport = 'relay'")
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, which=OFFICE_3)
    assert office.post.ask(HELD)[0][:2] == (None, 128)
    assert office.post.ask(MAILBOX) == [(f"office3@{DOMAIN}", 0, 0)]


def test_a_relay_that_returns_letters_in_any_order_loses_nothing(office: Office) -> None:
    write(office, 300)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, order="md5(id::text)")
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is True
    assert office.states() == {"queued": 300, "cancelled": 2}


def test_a_late_report_about_a_mailbox_holds_it_no_longer(office: Office) -> None:
    write(office, 60, mailboxes=10)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        office.post.change(
            "UPDATE mailbox_pace SET most = 64, held_at = now() WHERE mailbox = :mailbox", mailbox=f"office3@{DOMAIN}"
        )
        bounces(office, 1, which=OFFICE_3)
        office.deliver(server.url)
    ((_, _, most),) = office.post.ask(MAILBOX)
    assert most == 64
    assert office.states() == {"sent": 59, "queued": 1, "cancelled": 2}


def test_what_was_refused_days_ago_or_dealt_with_does_not_go_back(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, 2)
        office.post.change("UPDATE domain_answer SET answered_at = answered_at - interval '2 days'")
        bounces(office, 1)
        office.post.change("UPDATE letter SET attended_at = now() WHERE state = 'bounced'")
        bounces(office, 30)
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is True
    assert office.states() == {"sent": 27, "queued": 30, "bounced": 3, "cancelled": 2}


@pytest.fixture
def in_flight(office: Office) -> Office:
    """40 letters come back while a batch of others is on its way: they were claimed before the hold."""
    write(office, 240)
    office.post.change("UPDATE letter SET due_at = now() + interval '1 hour' WHERE id > 42")
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        office.post.change("UPDATE letter SET due_at = now() WHERE state = 'queued'")
        office.post.change("UPDATE domain_pace SET connections = 1, seconds_per_letter = 0.001")
        came_back: list[int] = []

        def before(verb: str) -> None:
            if verb == "DATA" and not came_back and len(server.accepted) == 60:
                came_back.append(bounces(office, 40))

        server.on_verb = before
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is True
    assert office.states()["sent"] > 20
    return office


def test_a_release_stays_when_letters_return_that_were_on_their_way(in_flight: Office) -> None:
    in_flight.post.change("UPDATE letter SET due_at = now() + interval '1 hour' WHERE state = 'queued'")
    try_now(in_flight.engine, DOMAIN, actor="organizer:1")
    bounces(in_flight, 20)
    assert in_flight.post.ask(HELD)[0][:2] == (None, 0)


def test_nothing_is_learned_from_letters_that_were_on_their_way(in_flight: Office) -> None:
    in_flight.later("61 minutes")
    bounces(in_flight, 1)
    ((is_held, trial, _allowance, rate),) = in_flight.post.ask(HELD)
    assert (is_held, trial, rate) == (False, 1, None)


def test_letters_that_were_delivered_speak_for_a_mailbox(office: Office) -> None:
    write(office, 60, mailboxes=1)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        for (number,) in office.post.ask("SELECT id FROM letter WHERE state = 'sent' AND id % 10 <> 0"):
            arrives(office, number)
        bounces(office)
    assert office.post.ask(MAILBOX) == []


def test_an_edited_letter_that_comes_back_in_a_run_waits_again_like_the_others(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        office.post.change("UPDATE submission SET edited_body = 'Edited.' WHERE id IN (5, 40)")
        bounces(office, told=CONTENT)
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is True
    assert office.states() == {"queued": 60, "cancelled": 2}


def test_edited_letters_whose_content_is_refused_hold_nobody(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        office.post.change("UPDATE submission SET edited_body = 'Edited.'")
        bounces(office, 40, told=CONTENT)
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is None
    assert office.post.ask(MAILBOX) == []
    assert office.states() == {"sent": 20, "bounced": 40, "cancelled": 2}
