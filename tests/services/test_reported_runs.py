"""What comes back of letters that a relay has taken: runs of refusals, and what never goes out again."""

from shared.services.delivery.domains import try_now
from tests.services.came_back import DELIVERED, report
from tests.services.filters import DOMAIN, HELD, MAILBOX, Office, bounce, bounces, write
from tests.smtp_server import ScriptedSmtpServer


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


def test_what_a_forwarder_returns_is_not_sent_again(office: Office) -> None:
    """The office's server kept a copy and forwarded the letter to a server that refused it."""
    write(office, 60)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, 20, reporter="mx.practice.example", remote="mail.elsewhere.test")
        office.deliver(server.url)
        assert len(server.accepted) == 60
    assert office.states() == {"bounced": 20, "sent": 40, "cancelled": 2}


def test_a_letter_that_was_delivered_is_not_sent_again_when_it_bounces(office: Office) -> None:
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        for number, recipient in office.post.ask("SELECT id, recipient_email FROM letter WHERE state = 'sent'"):
            office.post.comes(report(DELIVERED, recipient), to=office.post.verp(number=number))
        office.post.change("UPDATE letter SET state = 'delivered' WHERE state = 'sent'")
        for number, recipient in office.post.ask("SELECT id, recipient_email FROM letter WHERE state = 'delivered'"):
            office.post.comes(bounce(recipient), to=office.post.verp(number=number))
        office.deliver(server.url)
        assert len(server.accepted) == 40
    assert office.states() == {"bounced": 40, "cancelled": 2}


def test_news_of_delivery_keeps_a_letter_from_going_back(office: Office) -> None:
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, 40)
        ((number, recipient),) = office.post.ask(
            "SELECT id, recipient_email FROM letter WHERE state = 'bounced' ORDER BY id LIMIT 1"
        )
        office.post.comes(report(DELIVERED, recipient), to=office.post.verp(number=number))
        office.deliver(server.url)
    assert office.states() == {"bounced": 1, "queued": 39, "cancelled": 2}


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
        for number, recipient in office.post.ask(
            "SELECT id, recipient_email FROM letter WHERE recipient_email LIKE 'office3@%' AND state = 'sent'"
        ):
            office.post.comes(bounce(recipient), to=office.post.verp(number=number))
    assert office.post.ask(HELD)[0][:2] == (None, 128)
    assert office.post.ask(MAILBOX) == [(f"office3@{DOMAIN}", 0, 0)]
