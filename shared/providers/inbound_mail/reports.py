"""Reports that mail servers write for programs: delivery status (RFC 3464), complaints (RFC 5965), receipts of readers.

Where a server reports in no such form, the detectors of flufl.bounce know many that were seen in the wild.
"""

import logging
import re
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from copy import copy
from email.message import Message
from email.parser import HeaderParser
from itertools import takewhile

from flufl.bounce import all_failures

from shared.domain.causes import Cause
from shared.domain.receipts import News, Receipt, are_of_one_organization, make_receipt
from shared.domain.refusals import read_refusal
from shared.domain.status_codes import better_status, find_status
from shared.providers.inbound_mail.parts import body, enclosed, header, headers, inner, parts

# Characters as sent. What a server has to say stands before the returned mail.
_MOST_DETECTED = 50_000
# It logs the traces of its own stumbles, and traces may quote mail.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)

_ACTIONS = {
    "failed": News.BOUNCED,
    "failure": News.BOUNCED,
    # What OpenSMTPD writes for it.
    "error": News.BOUNCED,
    "delayed": News.DELAYED,
    "delivered": News.DELIVERED,
}
# The letter went on to a server that sends no reports.
_NO_NEWS = ("relayed", "expanded")
# RFC 3464 and RFC 8098, and what RFC 6533 made of them for addresses that are not ASCII.
_STATUS_REPORTS = {"message/delivery-status", "message/global-delivery-status"}
_READ_REPORTS = {"message/disposition-notification", "message/global-disposition-notification"}
_NO_COMPLAINT = {"not-spam", "auth-failure", "dmarc"}
_ADDRESS_FIELDS = ("Original-Recipient", "Final-Recipient")
# What calls the returned mail by its name, in a status report and in a bounce that is nothing but text.
_ENVELOPE_FIELDS = ("Original-Envelope-Id", "X-Original-Message-ID")
_NAMED = re.compile(r"^(?:Message-ID|Return-Path):(.*)", re.IGNORECASE | re.MULTILINE)
# For good, as a reply to an SMTP verb or as qmail puts it; a bare number with dots may be somebody's paragraph.
_REFUSED = re.compile(r"\b5\d\d[ -]#?5\.\d{1,3}\.\d|\(#5\.\d{1,3}\.\d")
# Where a reply begins. In the middle of a sentence, such a number is a street number or a phone extension.
_BASIC_CODE = re.compile(r"(?:^|[:>'\"(] ?)5\d\d[ -]")
_FOR_GOOD = re.compile(r"['\"]?5\d\d[ -]")
# Where the returned mail begins in a plain-text bounce: a separator line, or the mail's own headers.
_COPY = re.compile(
    r"^[ \t]{0,8}[*=#_>-]{2,80}[^\n]{0,40}\b(?:copy of|(?:original|returned|undelivered|unsent|source) (?:message|mail"
    r"|headers?)|(?:message|mail|headers?) (?:headers? )?follows?|message (?:headers?|text))\b[^\n]{0,80}$"
    r"|^[ \t]{0,8}(?:this is a copy of|(?:a|the) copy of|below this line is|(?:the )?(?:original|returned|unsent"
    r"|undelivered) (?:message|mail|text)(?: headers?)? (?:follows|is attached|is below|reads)"
    r"|message headers? follows?|your (?:original )?message (?:follows|reads))[^\n]{0,80}$"
    r"|^(?:Return-Path|Received|DKIM-Signature|MIME-Version): ",
    re.IGNORECASE | re.MULTILINE,
)
# The server goes on trying, whatever else the text says.
_SURELY_DELAY = re.compile(
    r"\bstill being (?:retried|tried|processed)\b|\bwill be (?:retried|tried again)\b|\bnot a permanent failure\b"
    r"|\bdo not need to (?:resend|re-send|send)\b|\bno action is required on your part\b|\bdelayed mail\b|\(delay\)"
    r"|\b(?:warning|notice) only\b|\bwill (?:keep|continue) (?:on )?trying\b|\battempts will (?:be )?continue",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\bdelayed\b|\bdelays? in (?:delivery|delivering)\b|\bnot yet (?:been )?delivered\b"
    r"|\bhas not been delivered (?:yet|so far)\b|\bwarning[: ][^\n]{0,80}\b(?:still|could not send"
    r"|not (?:yet )?(?:been )?(?:sent|delivered))\b",
    re.IGNORECASE,
)
# The server stopped trying, even if the letter was delayed before.
_FINAL = re.compile(
    r"\bpermanent(?:ly)?\b|\bg(?:ave|ive|iven|iving) up\b|\bfinal (?:notice|attempt)\b|\bwill not be retried\b"
    r"|\b(?:delivery|message) (?:has )?(?:failed|expired)\b",
    re.IGNORECASE,
)
# Subjects of delay notices. The search is anchored, because our own subject may contain any word.
_DELAY_SUBJECT = re.compile(
    r"\W{0,4}(?:warning\b[^\n]{0,80}\b(?:still|could not send|delay\w*)|delayed\b|delivery delayed"
    r"|delivery status notification \(delay\))",
    re.IGNORECASE,
)
_MOST_INTRODUCTION, _MOST_TOLD = 2_000, 20_000
_MOST_LINES, _MOST_WRAPPED = 400, 12
# A server's own answer, as others quote it: `<<< 550 …`, `said: 550 …`, `(reason: 550 …`, `responded: …`.
_ANSWERED = re.compile(
    r"(?:<<< ?|\bsaid:\s*|\breason: ?|\breturned:?\s|\bresponded(?: with)?:?\s|\breplied:?\s"
    r"|\berror(?: \w+){0,6}:\s*|\bresponse(?: \w+){0,4}:\s*)"
    r"(?P<words>['\"]?[45]\d\d[ -].*)",
    re.IGNORECASE,
)
# What a server puts around the answer of another.
_STOCK_LINE = re.compile(
    r"^5\d\d 5\.\d\.\d (?:service unavailable|<[^>]*>\.\.\. (?:service unavailable|user unknown))\.*$", re.IGNORECASE
)
# Begins another block: not the rest of a wrapped line.
_BEGINS = re.compile(r"(?!\d{3}[ -])(?:-{2,}|>>>|<<<|\.\.\. |<[^\s@>]+@[^\s>]+>|[\w-]+: |\s*$)")
_GAP = re.compile(r"\n\s*\n")
_WORD = re.compile(r"[a-z-]*")
# `smtp; 550 …`, `rfc822; jane@…`: what comes before the semicolon names the kind.
_KIND = re.compile(r"^[\w-]+\s*;\s*")


def read_report(message: Message, marks: list[str]) -> Receipt | None:
    """What a report says; None when the mail holds none that is known."""
    for part in parts(message):
        kind = part.get_content_type()
        if kind in _STATUS_REPORTS:
            return _read_delivery_status(part, [*marks, *returned_marks(message)], body(message))
        if kind == "message/feedback-report":
            return _read_complaint(enclosed(part), [*marks, *returned_marks(message)])
        if kind in _READ_REPORTS:
            # "Read" is nothing that we ever tell.
            return make_receipt(News.OTHER, marks=marks)
    return None


def read_wrapped_report(message: Message, marks: list[str]) -> Receipt | None:
    """What a report says that a server on the way has put into a mail of its own; None when there is none."""
    wrapped = (enclosed(part) for part in parts(message) if part.get_content_type() == "message/rfc822")
    reports = (read_report(one, marks) for one in wrapped if one.get_content_type() == "multipart/report")
    return next((report for report in reports if report), None)


def read_loose_bounce(message: Message, marks: list[str], *, by_server: bool) -> Receipt | None:
    """What a bounce of no standard form says; None when it is not known as one.

    From a server any known words are a bounce, from others only what looks like a server's reply.
    """
    try:
        delayed, failed = all_failures(_beginning(message))
    except Exception:  # noqa: BLE001 - one stumbles over mail without an author; the rest of our reading goes on
        delayed, failed = frozenset(), frozenset()
    text = body(message)
    about = min(failed or delayed, default=b"").decode("ascii", "replace")
    words = _telling_words(text)
    is_delay = _is_delay(header(message, "Subject"), _without_copy(text)[:_MOST_INTRODUCTION], words)
    named = header(message, "X-Failed-Recipients")
    is_refusal = _is_refusal(words) or (by_server and bool(words) and _is_known(words))
    if not failed and not delayed and not named and not is_delay and not is_refusal:
        return None
    return make_receipt(
        News.DELAYED if is_delay or (delayed and not failed) else News.BOUNCED,
        marks=[*marks, *returned_marks(message), *_NAMED.findall(text)],
        recipient=about or named.partition(",")[0],
        status=find_status(words),
        reply=words or _gist(text, about),
    )


def _beginning(message: Message) -> Message:
    """The mail for the detectors, which try dozens of patterns: of a single long text the first lines."""
    payload = message.get_payload()
    if not isinstance(payload, str) or len(payload) <= _MOST_DETECTED:
        return message
    shortened = copy(message)
    shortened.set_payload(payload[:_MOST_DETECTED])
    return shortened


def _is_delay(subject: str, introduction: str, words: str) -> bool:
    """A permanent refusal decides before any word about a delay."""
    if _FOR_GOOD.match(words) or _REFUSED.search(words):
        return False
    if _SURELY_DELAY.search(introduction) or _DELAY_SUBJECT.match(subject):
        return True
    return bool(_DELAY.search(introduction)) and not _FINAL.search(introduction)


def _is_refusal(line: str) -> bool:
    return bool(_REFUSED.search(line) or (_BASIC_CODE.search(line) and _is_known(line)))


def _is_known(line: str) -> bool:
    return read_refusal(line).cause not in (Cause.REFUSED, Cause.TEMPORARY)


def _without_copy(text: str) -> str:
    """The text of a bounce down to where the returned mail begins."""
    return _COPY.split(text[:_MOST_TOLD], maxsplit=1)[0]


def _telling_words(text: str) -> str:
    """Why it came back, in the server's words, wrapped lines joined; empty when no line says so.

    What a server answered goes before what another one made of it, that before known words without any code.
    """
    lines = [line.strip() for line in _without_copy(text).split("\n")[:_MOST_LINES]]
    for tells in (_ANSWERED.search, find_status, _BASIC_CODE.search, lambda line: bool(line) and _is_known(line)):
        for number, line in enumerate(lines):
            if tells(line) and not _STOCK_LINE.search(line):
                return _joined(lines, number)
    return next((line for line in lines if find_status(line)), "")


def _gist(text: str, about: str) -> str:
    """What is said around the address that failed, or else the beginning: for a bounce without a server's words."""
    told = _without_copy(text)
    blocks = [block for block in _GAP.split(told) if block.strip()]
    near = [number for number, block in enumerate(blocks) if about and about.lower() in block.lower()]
    return "\n".join(blocks[near[0] : near[0] + 2]) if near else told


def _joined(lines: Sequence[str], number: int) -> str:
    """A line and those that go on with it: up to an empty one, or the beginning of something else."""
    following = takewhile(lambda line: line and not _BEGINS.match(line), lines[number + 1 : number + 1 + _MOST_WRAPPED])
    words = " ".join([lines[number], *following])
    answered = _ANSWERED.search(words)
    return words[answered.start("words") :].rstrip(")") if answered else words


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


def _read_delivery_status(part: Message, marks: list[str], text: str) -> Receipt | None:
    """The first block tells of the mail, each further one of a recipient: ours have one. `text` is for people."""
    blocks = _blocks(part)
    marks += [name for block in blocks for field in _ENVELOPE_FIELDS for name in headers(block, field)]
    told = [(_action(block), block) for block in blocks]
    # An office's address may lead to several mailboxes: it works while one of them takes the letter.
    reached = {_original(block) for action, block in told if action is News.DELIVERED} - {""}
    # A report of several recipients is no report on a mail of ours; the worst of it counts.
    for news in (News.BOUNCED, News.DELAYED, News.DELIVERED):
        for action, block in told:
            if action is news and (news is News.DELIVERED or _original(block) not in reached):
                reporter = _reporter(blocks) if news is News.DELIVERED else _refused_reporter(blocks, block)
                return _read_recipient(news, block, marks, text, reporter)
    known = (*_ACTIONS, *_NO_NEWS)
    is_readable = any(header(block, "Action").lower().startswith(known) for block in blocks)
    return make_receipt(News.OTHER, marks=marks) if is_readable else None


def _blocks(part: Message) -> list[Message]:
    """A report's groups of fields. Python takes a plain report apart, and others not at all."""
    found = inner(part)
    is_encoded = header(part, "Content-Transfer-Encoding").lower() == "base64"
    if part.get_content_type() == "message/delivery-status" and not is_encoded:
        return found
    octets = b"\n\n".join(one.as_bytes() for one in found)
    text = (a2b_base64(octets) if is_encoded else octets).decode(errors="replace")
    return [HeaderParser().parsestr(block.strip() + "\n") for block in _GAP.split(text) if block.strip()]


def _original(block: Message) -> str:
    return _KIND.sub("", header(block, "Original-Recipient")).lower()


def _action(block: Message) -> News:
    """A failure whose own code says success is no bounce; one without an action is known by its code."""
    # Some servers add a remark to the word.
    word = _WORD.match(header(block, "Action").lower())
    status = header(block, "Status")
    if not word or not word[0]:
        return News.BOUNCED if status.startswith("5") else News.OTHER
    news = _ACTIONS.get(word[0], News.OTHER)
    return News.OTHER if news is News.BOUNCED and status.startswith("2") else news


def _reporter(blocks: Sequence[Message]) -> str:
    return next((_KIND.sub("", found) for one in blocks if (found := header(one, "Reporting-MTA"))), "")


def _refused_reporter(blocks: Sequence[Message], block: Message) -> str:
    """The reporting server, if it failed to hand the mail over to a server of another organization; else empty.

    A server that hands it over to one of its own has taken it, and may have kept a copy.
    """
    reporter, remote = _reporter(blocks), _KIND.sub("", header(block, "Remote-MTA"))
    return reporter if reporter and remote and not are_of_one_organization(reporter, remote) else ""


def _read_recipient(news: News, block: Message, marks: list[str], text: str, reporter: str) -> Receipt:
    words = _KIND.sub("", header(block, "Diagnostic-Code"))
    addresses = (_KIND.sub("", header(block, field)) for field in _ADDRESS_FIELDS)
    if not words and news is not News.DELIVERED:
        # What its own delivery failed of, Exim tells people alone.
        words = _telling_words(text)
        if not words and not header(block, "Status"):
            # A code says enough by itself; without one the text is all that there is.
            words = _gist(text, "")
    return make_receipt(
        news,
        marks=marks,
        recipient=next(filter(None, addresses), ""),
        status="" if news is News.DELIVERED else better_status(header(block, "Status"), words),
        reply=words,
        reporter=reporter,
    )


def _read_complaint(report: Message, marks: list[str]) -> Receipt:
    if header(report, "Feedback-Type").lower() in _NO_COMPLAINT:
        return make_receipt(News.OTHER, marks=marks)
    envelope = (header(report, name) for name in ("Original-Mail-From", "Original-Envelope-Id"))
    return make_receipt(News.COMPLAINED, marks=[*marks, *envelope], recipient=header(report, "Original-Rcpt-To"))
