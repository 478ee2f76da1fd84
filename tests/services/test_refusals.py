"""What refusals and bounces do: to the letter, to the office's address, to the domain, to the relay."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from shared.domain.causes import Cause
from shared.domain.pace import Pace
from shared.domain.transport import Transport
from shared.domain.waiting_domains import WaitingDomain, waiting_groups
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.services.came_back import DELIVERED, OFFICE, UNKNOWN, Post, report
from tests.smtp_server import ScriptedSmtpServer

_DOUBTFUL = ("failed", "5.1.1", "550 5.1.1 Address rejected")
_FAILING = "SELECT count(*) FROM office_holder WHERE email_failed_at IS NOT NULL"


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    return Post(engine, settings, ring)


def send(engine: Engine, settings: Settings, ring: Ring, email: str, **replies: str) -> None:
    """Two letters of this supporter go to a server that replies so."""
    write_letters(engine, ring, settings, email)
    with ScriptedSmtpServer(replies=replies) as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)


def test_a_closed_mailbox_behind_an_alias_fails_the_letter_and_not_the_address(sent: str, post: Post) -> None:
    post.comes(report(UNKNOWN, "pat.practice@practice.example"))
    assert post.state() == "bounced"
    assert post.ask(_FAILING) == [(0,)]


def test_an_alias_with_one_closed_mailbox_of_two_has_delivered(sent: str, post: Post) -> None:
    both = report(DELIVERED, "one@practice.example").replace(
        b"\r\n\r\n--b--",
        b"\r\n\r\nFinal-Recipient: rfc822; two@practice.example\r\nOriginal-Recipient: rfc822; "
        + OFFICE.encode()
        + b"\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--",
    )
    raw = both.replace(
        b"Action: delivered", b"Original-Recipient: rfc822; " + OFFICE.encode() + b"\r\nAction: delivered"
    )
    post.comes(raw)
    assert post.state() == "delivered"
    assert post.ask(_FAILING) == [(0,)]


def test_an_address_fails_after_one_certain_refusal(sent: str, post: Post) -> None:
    post.comes(report(UNKNOWN))
    assert post.ask(_FAILING) == [(1,)]


@pytest.mark.parametrize("way", ["bounce", "reply"])
def test_an_address_fails_after_two_doubtful_refusals(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post, way: str
) -> None:
    post.comes(report(_DOUBTFUL))
    assert post.state() == "bounced"
    assert post.ask(_FAILING) == [(0,)]
    if way == "reply":
        send(engine, settings, ring, "kim@example.org", RCPT=_DOUBTFUL[2])
    else:
        send(engine, settings, ring, "kim@example.org")
        post.comes(report(_DOUBTFUL), to=post.verp(number=3))
    assert (1,) in post.ask(
        "SELECT count(*) FROM office_holder WHERE email_failed_at IS NOT NULL AND email = :office", office=OFFICE
    )


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("554 5.7.1 Relay access denied", "relay_refused"),
        ("550 5.4.5 Daily user sending quota exceeded", "relay_limit"),
        ("530 5.7.0 Authentication required", "authentication"),
    ],
)
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "dot"])
def test_a_relay_that_refuses_us_stops_and_ends_no_letter(
    engine: Engine, settings: Settings, ring: Ring, post: Post, verb: str, reply: str, cause: str
) -> None:
    make_campaign(engine)
    send(engine, settings, ring, "jamie@example.org", **{verb: reply})
    assert post.ask("SELECT DISTINCT state, tries FROM letter") == [("queued", 0)]
    assert post.ask("SELECT open_cause FROM relay_state WHERE failures > 0") == [(cause,)]


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("550 5.7.1 Client host [192.0.2.10] blocked using list.example", "our_reputation"),
        ("550 5.7.1 You are sending too fast", "our_rate"),
    ],
)
def test_a_domain_that_refuses_us_rests_and_ends_no_letter(
    engine: Engine, settings: Settings, ring: Ring, post: Post, reply: str, cause: str
) -> None:
    make_campaign(engine)
    send(engine, settings, ring, "jamie@example.org", RCPT=reply)
    assert post.ask("SELECT DISTINCT state, tries FROM letter") == [("queued", 0)]
    assert post.ask("SELECT open_cause, open_until > now() FROM domain_pace") == [(cause, True)]


def test_a_bounce_about_our_server_brings_the_letter_back(sent: str, post: Post) -> None:
    post.change("UPDATE letter SET tries = 20")
    post.comes(report(("failed", "5.1.1", "550 5.1.1 Your IP 192.0.2.10 is blacklisted")))
    assert post.ask("SELECT state, cause, tries FROM letter WHERE id = 1") == [("deferred", "our_reputation", 0)]
    assert post.ask("SELECT open_cause FROM domain_pace WHERE open_until > now()") == [("our_reputation",)]
    assert post.ask(_FAILING) == [(0,)]


def test_a_doubtful_bounce_ends_no_supporters_emails(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post
) -> None:
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    ((number,),) = post.ask("SELECT id FROM follow_up WHERE kind = 'thank_you'")
    post.comes(report(_DOUBTFUL, ""), to=post.verp("follow_up", number))
    assert post.ask("SELECT state FROM follow_up WHERE id = :id", id=number) == [("bounced",)]
    assert post.ask("SELECT count(*) FROM suppression") == [(0,)]


def test_organizers_read_why_a_domain_is_left_alone() -> None:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    groups = [
        next(waiting_groups([_waits(cause, at)], [Transport.RELAY], str))
        for cause in (Cause.CONNECTION, Cause.OUR_REPUTATION, Cause.OUR_RATE)
    ]
    assert [group.title for group in groups] == [
        "house.example can’t be reached: 4 letters wait",
        "house.example does not accept mail from our server: 4 letters wait",
        "house.example accepts fewer letters an hour than we sent: 4 letters wait",
    ]


def _waits(cause: Cause, until: datetime) -> WaitingDomain:
    return WaitingDomain(Transport.RELAY, "house.example", Pace(), until, cause, queued=4, deferred=0, next_try=None)


def test_a_stranger_who_answers_is_not_the_office(sent: str, post: Post) -> None:
    raw = b"From: A Reporter <reporter@paper.test>\r\nSubject: Re: Trees\r\n\r\nThe office gave me your letter."
    post.comes(raw, sender="reporter@paper.test")
    assert post.ask("SELECT answered_at FROM letter WHERE id = 1") == [(None,)]
    assert post.ask("SELECT kind, reply_to FROM follow_up WHERE kind = 'answer'") == [("answer", "")]


def test_a_domain_on_trial_is_named_with_what_it_said() -> None:
    pace = Pace(allowance=0, trial=4)
    said = "550 5.7.1 Message refused"
    on_trial = WaitingDomain(
        Transport.RELAY, "house.example", pace, None, Cause.NONE, 30, 0, next_try=None, open_reply=said
    )
    (group,) = waiting_groups([on_trial], [Transport.RELAY], str)
    assert group.title == "house.example refused our letters: 30 letters wait"
    assert "“550 5.7.1 Message refused”" in group.text
    assert "A trial of 4 letters is under way." in group.text
