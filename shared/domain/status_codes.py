"""Enhanced status codes (RFC 3463) in the words of servers, and the answer "too many connections"."""

import re

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
# RFC 2034 puts the code right after the basic code, in the same class. A number further on belongs to the sentence.
_OF_REPLY = re.compile(r"([45])\d\d[ -](\1\.\d{1,3}\.\d{1,3})(?!\.?\w)")
# Subjects beyond 7 are not in use, and four numbers are an IP address.
_CODE = re.compile(r"(?<![\d.])[45]\.[0-7]\.\d{1,3}(?!\.?\d)")


def find_status(text: str) -> str:
    """The first enhanced code of a failure in a server's words; empty when there is none."""
    found = _CODE.search(text)
    return found[0] if found else ""


def status_of_reply(line: str) -> str:
    """The enhanced code of a reply to an SMTP verb, which begins with its basic code; empty when there is none."""
    found = _OF_REPLY.match(line)
    return found[2] if found else ""


def better_status(given: str, words: str, usual: str = "") -> str:
    """The code that counts: of the words where they have another subject than the field, or the field is vague (5.0.0).

    `usual` is what a relay's own name for the failure stands for; it counts only where the server said nothing.
    """
    field, said = find_status(given), find_status(words)
    if said and not _is_vague(said) and (_is_vague(field) or _subject(said) != _subject(field)):
        return said
    if usual and not words and _is_vague(field):
        return usual
    return field or said


def _is_vague(code: str) -> bool:
    return not code or code.endswith(".0.0")


def _subject(code: str) -> str:
    """The second number: 5.7.1 is about a policy, 5.1.1 about an address."""
    return code.split(".")[1]


def says_too_many(reply: str) -> bool:
    """Does a refusal, with its basic code, say that we have too many connections open?"""
    if not reply.startswith("4"):
        return False
    by_code = bool(_TOO_MANY_CODE.match(reply)) and not _ANOTHER_REASON.search(reply)
    return by_code or bool(_TOO_MANY.search(reply))
