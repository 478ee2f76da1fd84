"""Bounces as the servers of the world write them: each is understood, down to why."""

from base64 import encodebytes

import pytest

from shared.domain.causes import Cause
from shared.domain.receipts import News
from shared.domain.refusals import read_refusal
from shared.providers.inbound_mail import read_mail

VERP = "bounce+l12-aaaabbbbccccdddd@letters.example"
MESSAGE_ID = "<l12-eeeeffffgggghhhh@letters.example>"
OFFICE = "ana@house.example"
CAMPAIGN = "trees@letters.example"
RETURNED = f"From: <{CAMPAIGN}>\nTo: {OFFICE}\nSubject: Trees\nMessage-ID: {MESSAGE_ID}\n\nDear Ana,\n"
NOBODY, FULL, REFUSED, GAVE_UP = Cause.NO_SUCH_ADDRESS, Cause.MAILBOX_FULL, Cause.REFUSED, Cause.TEMPORARY
QMAIL = (
    "Hi. This is the qmail-send program at mx.house.example.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    f"This is a permanent error; I've given up. Sorry it didn't work out.\n\n<{OFFICE}>:\n{{}}\n\n"
    f"--- Below this line is a copy of the message.\n\nReturn-Path: <{VERP}>\n{RETURNED}"
)
EXIM = (
    "This message was created automatically by mail delivery software.\n\n"
    "A message that you sent could not be delivered to one or more of its\n"
    f"recipients. This is a permanent error. The following address(es) failed:\n\n  {OFFICE}\n"
    "    host mx.house.example [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:\n    {}\n\n"
    f"------ This is a copy of the message, including all the headers. ------\n\n{RETURNED}"
)
GMAIL = (
    f"Delivery to the following recipient failed permanently:\n\n     {OFFICE}\n\n"
    "Technical details of permanent failure:\nThe error that the other server returned was:\n{}\n\n"
    "----- Original message -----\n"
)
YAHOO = (
    f"Sorry, we were unable to deliver your message to the following address.\n\n<{OFFICE}>:\n"
    "Remote host said: {}\n\n--- Below this line is a copy of the message.\n"
)


def mail(author: str, subject: str, body: str, kind: str = "text/plain") -> bytes:
    head = f"From: {author}\nTo: {VERP}\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: {kind}\n\n"
    return (head + body).replace("\n", "\r\n").encode()


def status_report(
    words: str, status: str, *, returned: str = "message/rfc822", kind: str = "message/delivery-status"
) -> bytes:
    """RFC 3464, with the original, its headers or nothing of it."""
    told = (
        f"Reporting-MTA: dns; mx.house.example\nX-Original-Message-ID: {MESSAGE_ID}\n\n"
        f"Final-Recipient: rfc822;{OFFICE}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp;{words}\n"
    )
    coding = ""
    if kind.endswith(";base64"):
        kind, told, coding = kind[:-7], encodebytes(told.encode()).decode(), "Content-Transfer-Encoding: base64\n"
    original = f"--b\nContent-Type: {returned}\n\n{RETURNED}\n" if returned else ""
    body = f"--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: {kind}\n{coding}\n{told}\n{original}--b--\n"
    return mail("postmaster@house.example", "Undeliverable", body, "multipart/report; boundary=b")


@pytest.mark.parametrize(
    ("status", "words", "cause"),
    [
        ("5.1.1", "550 5.1.1 <ana@house.example>: User unknown in virtual mailbox table", NOBODY),
        ("5.0.0", "550 User unknown", NOBODY),
        ("5.0.0", "550 <ana@house.example> does not exist here", NOBODY),
        ("5.0.0", "550 The account <ana@house> does not exist", NOBODY),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", NOBODY),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", NOBODY),
        ("5.1.7", "550 5.1.7 sender address does not exist", Cause.OUR_DNS),
        ("5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", FULL),
        ("5.0.0", "552 Quota exceeded (mailbox for user is full)", FULL),
        ("4.4.7", "421 4.4.7 timeout", GAVE_UP),
        ("4.0.0", "452 mailbox is full", FULL),
        ("4.1.1", "450 4.1.1 no such user, perhaps", GAVE_UP),
        ("5.7.1", "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", REFUSED),
    ],
)
def test_why_a_report_says_that_it_failed(status: str, words: str, cause: Cause) -> None:
    receipt = read_mail(status_report(words, status), sender="", recipient=VERP)
    assert (receipt.news, receipt.recipient) == (News.BOUNCED, OFFICE)
    assert read_refusal(receipt.reply, status=receipt.status).cause is cause


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers", "message/global", ""])
@pytest.mark.parametrize(
    "kind", ["message/delivery-status", "message/global-delivery-status", "message/delivery-status;base64"]
)
def test_a_report_in_every_wrapping(returned: str, kind: str) -> None:
    raw = status_report("550 5.1.1 no", "5.1.1", returned=returned, kind=kind)
    receipt = read_mail(raw, sender="", recipient=CAMPAIGN)
    assert (receipt.news, receipt.recipient, receipt.status) == (News.BOUNCED, OFFICE, "5.1.1")
    assert MESSAGE_ID in receipt.marks


def test_a_report_within_a_mail_of_a_server_on_the_way() -> None:
    inner = status_report("550 5.1.1 no", "5.1.1").decode().replace("\r\n", "\n").replace("--b", "--c")
    inner = inner.replace("boundary=b", "boundary=c")
    body = f"--b\nContent-Type: text/plain\n\nChecked.\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b--\n"
    raw = mail("postmaster@gate.example", "Fwd", body, "multipart/mixed; boundary=b")
    receipt = read_mail(raw, sender="", recipient=CAMPAIGN)
    assert (receipt.news, receipt.status) == (News.BOUNCED, "5.1.1")
    assert MESSAGE_ID in receipt.marks
    # A person who shows us one has something to say.
    shown = mail("Ana <ana@house.example>", "Fwd", body, "multipart/mixed; boundary=b")
    assert read_mail(shown, sender=OFFICE, recipient=VERP).news is News.ANSWERED


@pytest.mark.parametrize(
    ("text", "words", "cause"),
    [
        (QMAIL, "Sorry, no mailbox here by that name. (#5.1.1)", NOBODY),
        (QMAIL, "user is over quota", FULL),
        (EXIM, "550 No such user here", NOBODY),
        (EXIM, "550 5.7.1 not today", REFUSED),
        (GMAIL, "550 5.1.1 User unknown", NOBODY),
        (YAHOO, "554 delivery error: dd This user doesn't have a yahoo.com account [0]", NOBODY),
        # In no form that anybody knows.
        ("No se pudo entregar el mensaje.\n{}\n", "550 5.1.1 No existe", NOBODY),
    ],
)
def test_bounces_that_are_nothing_but_text(text: str, words: str, cause: Cause) -> None:
    raw = mail("MAILER-DAEMON@mx.house.example", "failure notice", text.format(words))
    receipt = read_mail(raw, sender="", recipient=CAMPAIGN if MESSAGE_ID in text else VERP)
    assert receipt.news is News.BOUNCED
    assert receipt.reply.endswith(words)
    assert read_refusal(receipt.reply, status=receipt.status).cause is cause
    assert MESSAGE_ID in receipt.marks or VERP in receipt.marks


def test_a_paragraph_of_a_bill_is_no_code() -> None:
    raw = mail("postmaster@house.example", "Notice", "See section 5.1.1 of the bill.\n")
    assert read_mail(raw, sender="", recipient=VERP).news is News.OTHER
