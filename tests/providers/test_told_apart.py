"""Bounces, delays, notes and answers that look like one another."""

import pytest

from shared.domain.refusals import read_refusal
from shared.providers.inbound_mail import read_mail
from tests.hostile import cpu_seconds
from tests.providers.test_inbound_mail import MESSAGE_ID, VERP

_DAEMON, _JANE = "MAILER-DAEMON@mx.house.example", "jane@house.example"
_ANSWERS = f"In-Reply-To: {MESSAGE_ID}"
_BOUNCE = "Undelivered Mail Returned to Sender"


def read(text: str, subject: str = _BOUNCE, author: str = _DAEMON, sender: str = "", *lines: str) -> tuple[str, str]:
    """The news, and what a refusal means."""
    head = [f"From: {author}", f"To: {VERP}", f"Subject: {subject}", *lines]
    raw = "\r\n".join([*head, "Content-Type: text/plain; charset=utf-8", "", *text.split("\n"), ""]).encode()
    receipt = read_mail(raw, sender=sender, recipient=VERP)
    cause = read_refusal(receipt.reply, status=receipt.status).cause if receipt.reply else ""
    return receipt.news.value, cause


@pytest.mark.parametrize(
    ("text", "subject", "cause"),
    [
        ("The message you sent could not be delivered:\n\n550 5.1.1 User unknown", _BOUNCE, "no_such_address"),
        ("The mail system said:\n550 5.1.1 User unknown", _BOUNCE, "no_such_address"),
        ("Original message details below\n\nError: 550 5.1.1 User unknown", _BOUNCE, "no_such_address"),
        ("<j@x.example>: host mx said: 550 5.1.1 User unknown", "Returned mail: Re: delayed bill", "no_such_address"),
        ("Error: 550 5.1.1 User unknown", "Undeliverable: Stop delays in delivery of mail", "no_such_address"),
        ("Votre message n'a pas pu être remis : boîte pleine.", _BOUNCE, "mailbox_full"),
        (
            (
                "  j@x.example\n    550-Callout verification failed:\n"
                f"    550-Called: 192.0.2.9 Sent: RCPT TO:<{VERP}>\n    550 sender rejected"
            ),
            _BOUNCE,
            "our_dns",
        ),
    ],
)
def test_a_bounce(text: str, subject: str, cause: str) -> None:
    assert read(text, subject) == ("bounced", cause)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("THIS IS A WARNING ONLY.\nIt could not be delivered for 4 hours. It will be retried.", "Delayed Mail"),
        ("You'll be notified if the delivery fails permanently.", "Delivery Status Notification (Delay)"),
        ("This is not a permanent failure. Your message has been delayed.", _BOUNCE),
    ],
)
def test_a_delay(text: str, subject: str) -> None:
    assert read(text, subject)[0] == "delayed"


@pytest.mark.parametrize("author", [_DAEMON, "MicrosoftExchange329e@house.example"])
def test_a_bounce_that_answers_our_mail(author: str) -> None:
    text = "Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'"
    sender = "" if author == _DAEMON else author
    assert read(text, "Undeliverable: Trees", author, sender, _ANSWERS) == ("bounced", "no_such_address")


@pytest.mark.parametrize(
    "text",
    ["I am away. Extension 550. This mailbox is not active.", "This account is disabled. 550 Main Street, Room 5.1.1."],
)
def test_a_note_with_numbers_is_no_bounce(text: str) -> None:
    assert read(text, "Re: Trees", _JANE, "", "Auto-Submitted: auto-replied")[0] == "auto_replied"


@pytest.mark.parametrize(("author", "line"), [("postmasterson@house.example", "X: 1"), (_JANE, "List-Id: <x.example>")])
def test_an_answer_of_a_person(author: str, line: str) -> None:
    assert read("I agree.", "Re: Trees", author, author, _ANSWERS, line)[0] == "answered"


@pytest.mark.parametrize("line", ["-", "_", " * ", "? ! .", "", ">", "550 ", "- copy"])
def test_many_short_lines_take_no_time(line: str) -> None:
    text = f"{line}\n" * (40_000 // (len(line) + 1))
    _, spent = cpu_seconds(lambda: read(text, "Trees", "a@x.example"), 5.0)
    # Twice as much text took four times as long: these 40 KB two and a half minutes.
    assert spent < 5
