"""Reports that mail servers write for programs: delivery status (RFC 3464), complaints (RFC 5965), receipts of readers.

Where a server reports in no such form, the detectors of flufl.bounce know many that were seen in the wild.
"""

import logging
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser

from flufl.bounce import all_failures

from shared.domain.receipts import News, Receipt, make_receipt
from shared.domain.status_codes import better_status, find_status
from shared.providers.inbound_mail.parts import body, enclosed, header, headers, inner, parts

# It logs the traces of its own stumbles, and traces may quote mail.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)

_ACTIONS = {
    "failed": News.BOUNCED,
    # What OpenSMTPD writes for it.
    "error": News.BOUNCED,
    "delayed": News.DELAYED,
    "delivered": News.DELIVERED,
}
_NO_COMPLAINT = {"not-spam", "auth-failure", "dmarc"}
_ADDRESS_FIELDS = ("Original-Recipient", "Final-Recipient")
_WORD = re.compile(r"[a-z-]*")
# `smtp; 550 …`, `rfc822; jane@…`: what comes before the semicolon names the kind.
_KIND = re.compile(r"^[\w-]+\s*;\s*")


def read_report(message: Message, marks: list[str]) -> Receipt | None:
    """What a report says; None when the mail holds none that is known."""
    for part in parts(message):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            return _read_delivery_status(part, [*marks, *returned_marks(message)])
        if kind == "message/feedback-report":
            return _read_complaint(enclosed(part), [*marks, *returned_marks(message)])
        if kind == "message/disposition-notification":
            # "Read" is nothing that we ever tell.
            return make_receipt(News.OTHER, marks=marks)
    return None


def read_loose_bounce(message: Message, marks: list[str]) -> Receipt | None:
    """What a bounce of no standard form says; None when it is not known as one."""
    try:
        delayed, failed = all_failures(message)
    except Exception:  # noqa: BLE001 - one stumbles over mail without an author; the rest of our reading goes on
        return None
    if not failed and not delayed:
        return None
    words = next((line for line in body(message).split("\n") if find_status(line)), "")
    return make_receipt(
        News.BOUNCED if failed else News.DELAYED,
        marks=[*marks, *returned_marks(message)],
        recipient=min(failed or delayed).decode("ascii", "replace"),
        status=find_status(words),
        reply=words,
    )


def returned_marks(message: Message) -> Iterator[str]:
    """What the headers of a returned message call it."""
    for part in parts(message):
        kind = part.get_content_type()
        if kind in {"message/rfc822", "message/global", "message/global-headers"}:
            yield from _names(enclosed(part))
        elif kind == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            yield from _names(HeaderParser().parsestr(text.lstrip()))


def _names(returned: Message) -> Iterator[str]:
    for name in ("Message-ID", "Return-Path"):
        yield from headers(returned, name)


def _read_delivery_status(part: Message, marks: list[str]) -> Receipt:
    """The first block tells of the mail, each further one of a recipient: ours have one."""
    blocks = inner(part)
    marks += [name for block in blocks for name in headers(block, "Original-Envelope-Id")]
    told = [(_action(block), block) for block in blocks]
    # A report of several recipients is no report on a mail of ours; the worst of it counts.
    for news in (News.BOUNCED, News.DELAYED, News.DELIVERED):
        for action, block in told:
            if action is news:
                return _read_recipient(news, block, marks)
    return make_receipt(News.OTHER, marks=marks)


def _action(block: Message) -> News:
    """A failure whose own code says success is no bounce; one without an action is known by its code."""
    # Some servers add a remark to the word.
    word = _WORD.match(header(block, "Action").lower())
    status = header(block, "Status")
    if not word or not word[0]:
        return News.BOUNCED if status.startswith("5") else News.OTHER
    news = _ACTIONS.get(word[0], News.OTHER)
    return News.OTHER if news is News.BOUNCED and status.startswith("2") else news


def _read_recipient(news: News, block: Message, marks: list[str]) -> Receipt:
    words = _KIND.sub("", header(block, "Diagnostic-Code"))
    addresses = (_KIND.sub("", header(block, field)) for field in _ADDRESS_FIELDS)
    return make_receipt(
        news,
        marks=marks,
        recipient=next(filter(None, addresses), ""),
        status="" if news is News.DELIVERED else better_status(header(block, "Status"), words),
        reply=words,
    )


def _read_complaint(report: Message, marks: list[str]) -> Receipt:
    if header(report, "Feedback-Type").lower() in _NO_COMPLAINT:
        return make_receipt(News.OTHER, marks=marks)
    envelope = (header(report, name) for name in ("Original-Mail-From", "Original-Envelope-Id"))
    return make_receipt(News.COMPLAINED, marks=[*marks, *envelope], recipient=header(report, "Original-Rcpt-To"))
