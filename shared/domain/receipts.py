"""What comes back after an email has left: one value for every kind of news, whoever brought it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile

from shared.domain.email_slips import is_big_service
from shared.domain.typed_text import clean_line

_MOST_REPLY = 500
# An address has at most 254 characters, a line of a mail 998; References of a long talk can be hundreds.
_MOST_MARK = 998
_MOST_MARKS = 50
_MOST_SEEN = 200
# Top-level domains under which one government shares a second-level domain.
_PAIR, _SHORT = 2, 3
_GOVERNMENTS = ("gov", "mil")


class ReceiptSource(StrEnum):
    """Who brings news: four relay services by webhook, and mail that reaches our own listener."""

    SES = "ses"
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"
    MAIL = "mail"


class News(StrEnum):
    """What a receipt says. Nothing that only watches people (opened, clicked) is news to us: it is `other`."""

    # The final server took it. A relay that took it only to pass it on says nothing.
    DELIVERED = "delivered"
    # Not yet: whoever has it goes on trying.
    DELAYED = "delayed"
    # It will not arrive.
    BOUNCED = "bounced"
    # Marked as spam by whoever got it.
    COMPLAINED = "complained"
    # A person wrote back, or their mailbox did so by itself.
    ANSWERED = "answered"
    AUTO_REPLIED = "auto_replied"
    UNSUBSCRIBED = "unsubscribed"
    OTHER = "other"


# What relays add to their 250: "queued as 4bXyz", or their own long id after "Ok".
_RELAY_ID = re.compile(r"\bqueued as <?([\w.@-]{6,200})|^250 (?:2\.\d\.\d )?ok:? <?([\w.@-]{16,200})", re.IGNORECASE)


def relay_id(reply: str) -> str:
    """The name under which a relay took an email, from its answer to the dot; empty when it gave none."""
    found = _RELAY_ID.search(reply)
    return (found[1] or found[2]) if found else ""


class ReceiptOutcome(StrEnum):
    """What a stored receipt came to. `waiting` until its email is where the news can be written."""

    WAITING = "waiting"
    APPLIED = "applied"
    # True, but it changes nothing: known already, about an earlier address, or not our matter.
    IGNORED = "ignored"
    # Nothing in it names an email of ours.
    UNMATCHED = "unmatched"


@dataclass(frozen=True)
class Answer:
    """What somebody wrote back, as plain text; `sender_address` is where a further answer goes.

    `attachments` are the names of files that came with it, which go no further than here. `writer` is the author's own
    address, which may be another one; empty when none is named.
    """

    sender_name: str
    sender_address: str
    subject: str
    text: str
    attachments: tuple[str, ...] = ()
    writer: str = ""

    def is_from(self, address: str) -> bool:
        """Does the author write from the mail domain of `address`, one below it, or another of the same government?

        From a big mail service only the address itself counts.
        """
        author = self.writer or self.sender_address
        domains = author.rpartition("@")[2], address.rpartition("@")[2]
        if any(is_big_service(domain) for domain in domains):
            return author.casefold() == address.casefold()
        return _are_akin(*domains)


def are_of_one_organization(host: str, other: str) -> bool:
    """Do two servers share their registered domain?"""
    one, two = _labels(host), _labels(other)
    own = 3 if _is_shared(one[:_PAIR]) else _PAIR
    return one[:own] == two[:own]


def _are_akin(one: str, other: str) -> bool:
    pairs = list(takewhile(lambda pair: pair[0] == pair[1], zip(_labels(one), _labels(other), strict=False)))
    shorter = min(_labels(one), _labels(other), key=len)
    if len(pairs) == len(shorter) > 1 and not _is_shared(shorter):
        return True
    is_public = bool(pairs) and pairs[0][0] in _GOVERNMENTS
    return len(pairs) >= (2 if is_public else 3)


def _is_shared(labels: list[str]) -> bool:
    """co.uk, ca.us: many register below it."""
    return len(labels) == _PAIR and len(labels[0]) == _PAIR and len(labels[1]) <= _SHORT


def _labels(domain: str) -> list[str]:
    return domain.lower().strip(".").split(".")[::-1]


@dataclass(frozen=True)
class Receipt:
    """One piece of news about one email of ours.

    `marks` are all texts that may name that email, the best first: envelope addresses, Message-IDs (ours or a relay's
    own), with or without angle brackets. `recipient` is the address that it is about, lower case, empty when unknown.
    `status` is the enhanced status code (RFC 3463) such as 5.1.1, empty when there is none. `reply` holds the server's
    own words in one line of at most 500 characters. `answer` comes with ANSWERED and AUTO_REPLIED. `never_left` when a
    relay did not even try, because of what came back before. `reporter` is the server that wrote the report, if it
    reports a delivery, or if another server refused the letter from it.
    """

    news: News
    marks: tuple[str, ...] = ()
    recipient: str = ""
    status: str = ""
    reply: str = ""
    answer: Answer | None = None
    never_left: bool = False
    reporter: str = ""


def make_receipt(
    news: News,
    *,
    marks: Iterable[str],
    recipient: str = "",
    status: str = "",
    reply: str = "",
    answer: Answer | None = None,
    never_left: bool = False,
    reporter: str = "",
) -> Receipt:
    """A receipt of texts from outside: each one line that can be stored, marks once each, nothing overlong."""
    seen = islice(marks, _MOST_SEEN)
    lines = (storable_line(mark[:_MOST_MARK]) for mark in seen)
    return Receipt(
        news,
        marks=tuple(dict.fromkeys(line for line in lines if line))[:_MOST_MARKS],
        recipient=storable_line(recipient).strip("<>").lower(),
        status=status,
        reply=storable_line(reply)[:_MOST_REPLY],
        answer=answer,
        never_left=never_left,
        reporter=storable_line(reporter),
    )


def storable_line(text: str) -> str:
    """One clean line; halves of characters, which JSON and odd charsets can bring, become question marks."""
    return clean_line(text.encode(errors="replace").decode())
