"""No letter goes out again if its office may have it, by any report and in any order."""

from dataclasses import replace

import pytest

from shared.services.delivery import deliver_letters
from shared.services.delivery.domains import try_now
from tests.services.came_back import report
from tests.services.filters import DOMAIN, POLICY, Office, arrives, bounces, write
from tests.smtp_server import ScriptedSmtpServer

STATE = "SELECT state FROM letter WHERE id = :number"


def a_letter(office: Office, state: str) -> int:
    """The first one in this state."""
    ((number,),) = office.post.ask("SELECT min(id) FROM letter WHERE state = :state", state=state)
    return int(number)


def test_what_a_forwarder_returns_is_not_sent_again(office: Office) -> None:
    """The office's server kept a copy and forwarded the letter to a server that refused it."""
    write(office, 60)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, 20, reporter="mx.practice.example", remote="mail.elsewhere.test")
        office.deliver(server.url)
        assert len(server.accepted) == 60
    assert office.states() == {"bounced": 20, "sent": 40, "cancelled": 2}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.2.2", "552 5.2.2 Mailbox full"),
        ("5.7.1", "550 5.7.1 Client host blocked using list.example"),
        ("5.7.26", "550 5.7.26 Unauthenticated email is not accepted"),
        ("5.7.1", "550 5.7.1 You are sending too fast"),
    ],
)
def test_a_forwarders_trouble_neither_sends_a_letter_again_nor_stops_the_office(
    office: Office, status: str, words: str
) -> None:
    write(office, 1)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        number = a_letter(office, "sent")
        ((recipient,),) = office.post.ask("SELECT recipient_email FROM letter WHERE id = :number", number=number)
        raw = report(("failed", status, words), recipient)
        raw = raw.replace(b"dns; relay.example", b"dns; mx.practice.example")
        raw = raw.replace(b"Diagnostic-Code:", b"Remote-MTA: dns; mail.elsewhere.test\r\nDiagnostic-Code:")
        office.post.comes(raw, to=office.post.verp(number=number))
        office.post.change("UPDATE letter SET due_at = now() WHERE state = 'deferred'")
        deliver_letters(
            office.engine, office.ring, replace(office.settings, mail_relay_url=server.url), first_tries=False
        )
        assert len(server.accepted) == 1
    assert office.post.ask(STATE, number=number) == [("bounced",)]
    assert office.post.ask("SELECT count(*) FROM domain_pace WHERE open_until > now()") == [(0,)]


def test_a_letter_that_was_delivered_is_not_sent_again_when_it_bounces(office: Office) -> None:
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        for (number,) in office.post.ask("SELECT id FROM letter WHERE state = 'sent'"):
            arrives(office, number)
        assert office.states()["delivered"] == 40
        bounces(office, which="state = 'delivered'")
        office.deliver(server.url)
        assert len(server.accepted) == 40
    assert office.states() == {"bounced": 40, "cancelled": 2}


@pytest.mark.parametrize("first", [1, 40])
def test_news_of_delivery_keeps_a_letter_from_going_back(office: Office, first: int) -> None:
    """Before the run that the letter's bounce is part of, or after it."""
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office, first)
        number = a_letter(office, "bounced")
        arrives(office, number)
        bounces(office, 40)
        office.deliver(server.url)
    assert office.post.ask(STATE, number=number) == [("bounced",)]
    assert office.states() == {"bounced": 1, "queued": 39, "cancelled": 2}


def test_news_of_delivery_takes_a_letter_out_of_the_queue_to_which_it_went_back(office: Office) -> None:
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office)
        office.deliver(server.url)
        number = a_letter(office, "queued")
        arrives(office, number)
        assert office.post.ask(STATE, number=number) == [("delivered",)]
        try_now(office.engine, DOMAIN, actor="organizer:1")
        office.deliver(server.url)
        assert len(server.accepted) == 79


def test_news_of_delivery_ends_a_letter_that_was_refused_when_it_went_again(office: Office) -> None:
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office)
        office.deliver(server.url)
        office.later("61 minutes")
        server.replies = {"dot": POLICY}
        deliver_letters(
            office.engine, office.ring, replace(office.settings, mail_relay_url=server.url), first_tries=True
        )
        number = a_letter(office, "rejected")
        arrives(office, number)
        assert office.post.ask(STATE, number=number) == [("delivered",)]
        accepted = len(server.accepted)
        server.replies = {}
        try_now(office.engine, DOMAIN, actor="organizer:1")
        office.deliver(server.url)
        assert len(server.accepted) == accepted + 39
    ((sender,),) = office.post.ask("SELECT submission_id FROM letter WHERE id = :number", number=number)
    failures = "SELECT count(*) FROM follow_up WHERE submission_id = :sender AND kind = 'failure' AND state = 'sent'"
    assert office.post.ask(failures, sender=sender) == [(0,)]


@pytest.mark.parametrize("state", ["expired", "held"])
def test_news_of_delivery_ends_a_letter_that_waited_again(office: Office, state: str) -> None:
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office)
        office.deliver(server.url)
    number = a_letter(office, "queued")
    hold = "'organizer'" if state == "held" else "NULL"
    office.post.change(f"UPDATE letter SET state = '{state}', hold_reason = {hold} WHERE id = :number", number=number)
    arrives(office, number)
    told = office.post.ask("SELECT state, hold_reason FROM letter WHERE id = :number", number=number)
    assert told == [("delivered", None)]


def test_news_of_delivery_of_a_letter_that_never_left_is_ignored(office: Office) -> None:
    write(office, 2)
    number = a_letter(office, "queued")
    arrives(office, number)
    assert office.post.ask(STATE, number=number) == [("queued",)]


def test_a_letter_that_its_office_answered_does_not_go_back(office: Office) -> None:
    write(office, 40)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        bounces(office)
        number = a_letter(office, "bounced")
        ((sender,),) = office.post.ask("SELECT recipient_email FROM letter WHERE id = :number", number=number)
        verp = office.post.verp(number=number)
        answer = f"From: {sender}\r\nTo: {verp}\r\nSubject: Re: your letter\r\n\r\nThank you for your letter.\r\n"
        office.post.comes(answer.encode(), to=verp, sender=sender)
        assert office.post.ask("SELECT answered_at IS NOT NULL FROM letter WHERE id = :number", number=number)[0][0]
        office.deliver(server.url)
    assert office.post.ask(STATE, number=number) == [("bounced",)]
