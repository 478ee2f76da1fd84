"""News that come late, twice, or of an earlier time that a letter left: each changes what it is about, and no more."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.services.came_back import DELIVERED, DISTRUSTED, FULL, OFFICE, UNKNOWN, Post, complaint, report
from tests.smtp_server import ScriptedSmtpServer

SECOND = "second@practice.example"


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    return Post(engine, settings, ring)


def leave(engine: Engine, settings: Settings, ring: Ring, post: Post) -> list[tuple[str, str]]:
    """All that wait leave; from whom to whom."""
    post.change("UPDATE letter SET due_at = now() - interval '1 minute' WHERE state IN ('queued', 'deferred')")
    with ScriptedSmtpServer() as server:
        for first_tries in (True, False):
            deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=first_tries)
    return [(sender, to) for sender, to, _ in server.accepted]


def test_a_second_report_of_a_full_mailbox_does_not_send_the_letter_once_more(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post
) -> None:
    post.comes(report(FULL))
    assert leave(engine, settings, ring, post) == [(post.verp(resends=1), OFFICE)]
    post.comes(report(FULL).replace(b"Sorry", b"So sorry"))
    assert post.state() == "sent"
    post.comes(report(FULL).replace(b"Sorry", b"Again"), to=post.verp(resends=1))
    assert post.state() == "deferred"


def test_a_late_report_about_the_first_address_says_nothing_about_the_second(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post
) -> None:
    post.change("UPDATE office_holder SET second_email = :second", second=SECOND)
    post.comes(report(UNKNOWN))
    assert leave(engine, settings, ring, post) == [(post.verp(resends=1), SECOND)]
    post.comes(report(UNKNOWN, recipient=""))
    assert post.state() == "sent"
    assert post.ask("SELECT count(*) FROM office_holder WHERE second_failed_at IS NOT NULL") == [(0,)]


@pytest.mark.parametrize("second", [SECOND, "second@elsewhere.example"])
def test_a_complaint_about_the_first_address_says_nothing_about_the_second(sent: str, post: Post, second: str) -> None:
    post.change("UPDATE office_holder SET second_email = :second", second=second)
    post.comes(report(UNKNOWN))
    post.comes(complaint(OFFICE))
    assert post.ask("SELECT count(*) FROM office_holder WHERE second_failed_at IS NOT NULL") == [(0,)]


def test_a_sender_stays_the_same_while_a_server_puts_us_off(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    """One that greylists waits for the same envelope to come back."""
    make_campaign(engine)
    write_letters(engine, ring, settings)
    with ScriptedSmtpServer(replies={"DATA": "451 4.7.1 greylisted"}) as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert post.state() == "deferred"
    assert {sender for sender, _ in leave(engine, settings, ring, post)} == {post.verp(), post.verp(number=2)}


def test_a_mailbox_may_turn_out_to_be_full_after_a_delivery(sent: str, post: Post) -> None:
    post.comes(report(DELIVERED))
    assert post.state() == "delivered"
    post.comes(report(FULL))
    assert post.state() == "deferred"


def test_a_bounce_of_the_address_behind_a_forward_is_about_the_letter(sent: str, post: Post) -> None:
    post.comes(report(UNKNOWN, recipient="jdoe@tenant.example"))
    assert post.state() == "bounced"


def test_a_letter_of_doubt_that_arrived_is_followed_up_as_any_other(
    engine: Engine, settings: Settings, ring: Ring, post: Post
) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    post.change("UPDATE letter SET state = 'uncertain', attempt = 1")
    for number in (1, 2):
        post.comes(report(DELIVERED, recipient=""), to=post.verp(number=number))
    assert post.ask("SELECT count(*) FROM letter WHERE state = 'delivered' AND sent_at IS NOT NULL") == [(2,)]
    assert post.ask("SELECT count(*) FROM follow_up WHERE kind = 'thank_you'") == [(1,)]


def test_an_email_of_doubt_that_arrived_counts_for_the_day_between_two(
    engine: Engine, settings: Settings, ring: Ring, sent: str, post: Post
) -> None:
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    ((number,),) = post.ask("SELECT id FROM follow_up WHERE state = 'sent' AND kind = 'thank_you'")
    # A kind of which nobody gets two a day.
    post.change("UPDATE follow_up SET state = 'uncertain', sent_at = NULL, kind = 'victory' WHERE id = :id", id=number)
    post.comes(report(DELIVERED, recipient="jamie@example.org"), to=post.verp("follow_up", number))
    post.change(
        "UPDATE follow_up SET due_at = now() - interval '1 minute', needs = '{}' WHERE kind = 'did_they_answer'"
    )
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    assert post.ask("SELECT state FROM follow_up WHERE id = :id", id=number) == [("delivered",)]
    assert server.accepted == []


def test_a_server_that_distrusts_us_afterwards_rests_and_the_letter_waits(sent: str, post: Post) -> None:
    """Not the office's failure, and not the supporter's: nobody is told, nothing more goes there for an hour."""
    post.comes(report(DISTRUSTED))
    assert post.state() == "deferred"
    assert post.ask("SELECT count(*) FROM follow_up WHERE kind = 'failure'") == [(0,)]
    assert post.ask("SELECT count(*) FROM office_holder WHERE email_failed_at IS NOT NULL") == [(0,)]
    resting = "SELECT receiving_domain, open_cause FROM domain_pace WHERE open_until > now() + interval '59 minutes'"
    assert post.ask(resting) == [("practice.example", "our_dns")]


def test_a_relays_own_id_counts_only_where_the_relay_says_it(settings: Settings, sent: str, post: Post) -> None:
    """Such ids can be guessed, and anybody can write a mail."""
    post.change("UPDATE letter SET relay_id = '4F3A21C0B8' WHERE id = 1")
    forged = b"References: <4F3A21C0B8>\r\n" + report(UNKNOWN, recipient="")
    post.comes(forged, to=f"co-ops@{settings.mail_domain}")
    assert post.state() == "sent"
