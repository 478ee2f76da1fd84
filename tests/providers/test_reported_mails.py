"""Mails and events that others reported as misread, and what they mean."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.domain.causes import Cause
from shared.domain.receipts import News, ReceiptSource
from shared.domain.refusals import read_refusal
from shared.errors import Retryable
from shared.providers.inbound_mail import read_mail
from shared.providers.webhooks import make_webhook, read
from tests.providers import signed_posts as posts
from tests.providers.test_inbound_mail import VERP, mail

_WEBHOOKS = Path(__file__).parent / "webhooks"
_OFFICE = "ana.ruiz@house.example"
_AIDE = "sam.aide@house.example"
_EARLY = json.loads((_WEBHOOKS / "w13_mailgun_605_bounced_before.json").read_text())["event-data"]


@pytest.mark.parametrize(
    ("name", "sender"),
    [
        ("b02_subject_only_auto", _OFFICE),
        ("b03_subject_automatic_response", _OFFICE),
        ("b03b_subject_automatic_response", _OFFICE),
    ],
)
def test_a_note_that_a_program_wrote(name: str, sender: str) -> None:
    assert read_mail(mail(name), sender=sender, recipient=VERP).news is News.AUTO_REPLIED


@pytest.mark.parametrize(
    ("name", "sender", "writer"),
    [
        ("b06_answer_without_return_path", _AIDE, _AIDE),
        ("b09_answer_is_a_scan_only", _AIDE, _AIDE),
        ("b11_answer_by_stranger_in_copy", "reporter@paper.example", "reporter@paper.example"),
        ("n01_answer_author_without_quotes", "robin.vale@house.example", "robin.vale@house.example"),
    ],
)
def test_an_answer_of_a_person(name: str, sender: str, writer: str) -> None:
    receipt = read_mail(mail(name), sender=sender, recipient=VERP)
    assert receipt.news is News.ANSWERED
    assert receipt.answer is not None
    assert receipt.answer.sender_address == writer
    assert receipt.answer.is_from(_OFFICE) is (writer != "reporter@paper.example")


def test_a_scan_is_told_by_its_name() -> None:
    answer = read_mail(mail("b09_answer_is_a_scan_only"), sender=_AIDE, recipient=VERP).answer
    assert answer is not None
    assert answer.attachments == ("Ruiz to Lind.pdf",)


def test_an_address_that_reaches_one_of_two_mailboxes_works() -> None:
    receipt = read_mail(mail("b13_office_alias_one_member_gone"), sender="", recipient=VERP)
    assert (receipt.news, receipt.recipient) == (News.DELIVERED, _OFFICE)


@pytest.mark.parametrize(
    ("name", "cause", "reply"),
    [
        ("b17_click_here_to_deliver", Cause.REFUSED, "https://allow.filter.example/cgi/user?cmd=r&f=11332596"),
        ("b19_mailbox_is_disabled", Cause.NO_SUCH_ADDRESS, "This mailbox is disabled (554.30)"),
        ("b23_dmarc_said_as_5_7_1", Cause.OUR_DNS, "domain's DMARC policy"),
    ],
)
def test_a_bounce_keeps_the_servers_words(name: str, cause: Cause, reply: str) -> None:
    receipt = read_mail(mail(name), sender="", recipient=VERP)
    assert receipt.news is News.BOUNCED
    assert reply in receipt.reply
    assert read_refusal(receipt.reply, status=receipt.status).cause is cause


@pytest.mark.parametrize(
    ("name", "source", "cause"),
    [
        ("w07_sendgrid_blocked_our_ip_no_status", ReceiptSource.SENDGRID, Cause.OUR_REPUTATION),
        ("w08_sendgrid_blocked_list_with_status", ReceiptSource.SENDGRID, Cause.OUR_REPUTATION),
        ("w09_sendgrid_expired_after_three_days", ReceiptSource.SENDGRID, Cause.GAVE_UP),
        ("w11_sendgrid_dropped_account_quota", ReceiptSource.SENDGRID, Cause.RELAY_LIMIT),
    ],
)
def test_an_event_of_a_relay_service(name: str, source: ReceiptSource, cause: Cause) -> None:
    (event,) = json.loads((_WEBHOOKS / f"{name}.json").read_text())
    receipt = read(source, json.dumps(event))
    assert receipt.news is News.BOUNCED
    assert read_refusal(receipt.reply, status=receipt.status).cause is cause


def test_a_complaint_of_before_means_that_nothing_left() -> None:
    receipt = read(ReceiptSource.SES, (_WEBHOOKS / "w01_ses_complaint_never_sent.json").read_text())
    assert (receipt.news, receipt.never_left, receipt.recipient) == (News.COMPLAINED, True, _OFFICE)


@pytest.mark.parametrize(
    ("source", "proof", "post"),
    [
        # Amazon's certificate is fetched first: `tests/web/test_webhooks.py` has its post.
        (ReceiptSource.SENDGRID, posts.sendgrid_proof(), lambda: posts.sendgrid([], age_s=-600.0)),
        (ReceiptSource.MAILGUN, posts.MAILGUN_KEY, lambda: posts.mailgun(_EARLY, age_s=-600.0)),
    ],
)
def test_an_event_of_a_clock_ahead_of_ours_is_to_be_posted_again(
    source: ReceiptSource, proof: str, post: Callable[[], posts.Post]
) -> None:
    with pytest.raises(Retryable, match="clock"):
        make_webhook(source, proof).events(*post())
