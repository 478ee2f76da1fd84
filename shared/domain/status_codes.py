"""Enhanced status codes (RFC 3463) that mean something else than their first digit says, or say it better."""

import re
from enum import StrEnum

from shared.domain.causes import Cause


class Meaning(StrEnum):
    """What a refusal with such a code is: for good, for now, or not about the letter at all but about us."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    OURS = "ours"


STATUS_CODES: dict[str, tuple[Meaning, Cause]] = {
    "5.1.1": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.1.2": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.1.3": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.1.6": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.2.1": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.1.10": (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS),
    "5.2.2": (Meaning.TEMPORARY, Cause.MAILBOX_FULL),
    "4.2.2": (Meaning.TEMPORARY, Cause.MAILBOX_FULL),
    "5.3.4": (Meaning.PERMANENT, Cause.TOO_LARGE),
    "5.7.26": (Meaning.OURS, Cause.OUR_DNS),
    "5.7.515": (Meaning.OURS, Cause.OUR_DNS),
}

# What servers say that give no code, or one that says less: only words that can't mean anything else, because an
# address that fails holds all letters of its office.
_WHO = "(?:user|recipient|mailbox|account|address|person)"
_NOBODY = re.compile(
    rf"\b{_WHO} (?:is )?(?:unknown|not found|not recognized|non-?existent)\b|\bunknown (?:local )?{_WHO}\b"
    rf"|\bno such {_WHO}\b|\binvalid (?:recipient|mailbox)\b|\b{_WHO}\b[^.;:]{{0,60}} (?:does not|doesn't) exist\b"
    r"|\bunrouteable address\b|\bno mailbox (?:here )?by that name\b|\brecipient name is not recognized\b"
    r"|\bthis user doesn't have an? \S+ account\b|\brecipient address rejected: access denied\b",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"\b(?:mailbox|inbox) (?:is )?(?:full|over (?:its |the )?(?:limit|quota))\b|\bover (?:its |the )?quota\b"
    r"|\bquota (?:is |has been )?exceeded\b|\bexceed\w* (?:\w+ ){0,3}(?:quota|storage|mailbox size)\b",
    re.IGNORECASE,
)
# A server that refuses one of our connections for their number, at the greeting or at MAIL: Postfix, Exim, Sendmail,
# Exchange, qmail.
_TOO_MANY = re.compile(
    r"\btoo many (?:[\w-]+ ){0,3}(?:connections?|sessions?)\b|\bconcurrent (?:\w+ ){0,2}(?:connections?|sessions?)\b"
    r"|\b(?:connections?|sessions?) (?:count )?limit\b|\ball server ports are busy\b",
    re.IGNORECASE,
)
_TOO_MANY_CODE = re.compile(r"421[ -]4\.(?:7\.0|3\.2)(?!\d)")
# The same codes are said by a server that stops, or that will not have us at all.
_ANOTHER_REASON = re.compile(r"\bshut(?:ting)? ?down\b|\bunavailable\b|\bnot available\b|\brate\b", re.IGNORECASE)
# It is our own address then that they mean.
_SENDER = re.compile(r"\bsender\b", re.IGNORECASE)
# Subjects beyond 7 are not in use, and four numbers are an IP address.
_CODE = re.compile(r"(?<![\d.])[45]\.[0-7]\.\d{1,3}(?!\.?\d)")


def find_status(text: str) -> str:
    """The first enhanced code of a failure in a server's words; empty when there is none."""
    found = _CODE.search(text)
    return found[0] if found else ""


def better_status(given: str, words: str, usual: str = "") -> str:
    """The first exact code: of the field for it, of a server's words, or the usual one; else a vague one (5.0.0)."""
    codes = [code for code in (find_status(given), find_status(words), usual) if code]
    exact = (code for code in codes if not code.endswith(".0.0"))
    return next(exact, codes[0] if codes else "")


def read_words(words: str) -> tuple[Meaning, Cause] | None:
    """What a server's refusal says in plain words; None when they are not known."""
    if _FULL.search(words):
        return Meaning.TEMPORARY, Cause.MAILBOX_FULL
    return (Meaning.PERMANENT, Cause.NO_SUCH_ADDRESS) if _NOBODY.search(words) and not _SENDER.search(words) else None


def says_too_many(reply: str) -> bool:
    """Does a refusal, with its basic code, say that we have too many connections open?"""
    if not reply.startswith("4"):
        return False
    by_code = bool(_TOO_MANY_CODE.match(reply)) and not _ANOTHER_REASON.search(reply)
    return by_code or bool(_TOO_MANY.search(reply))


def read_status(status: str, words: str = "") -> tuple[Meaning, Cause]:
    """What an enhanced code means; one that the table lacks, by the server's words, else by its first digit.

    Empty counts as permanent.
    """
    if status in STATUS_CODES:
        return STATUS_CODES[status]
    said = read_words(words)
    # "For now" may turn out otherwise; a full mailbox is one all the same.
    if said and (said[0] is Meaning.TEMPORARY or not status.startswith("4")):
        return said
    return (Meaning.TEMPORARY, Cause.TEMPORARY) if status.startswith("4") else (Meaning.PERMANENT, Cause.REFUSED)
