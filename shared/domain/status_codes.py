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


def read_status(status: str) -> tuple[Meaning, Cause]:
    """What an enhanced code means; one that the table lacks, by its first digit. Empty counts as permanent."""
    if status in STATUS_CODES:
        return STATUS_CODES[status]
    return (Meaning.TEMPORARY, Cause.TEMPORARY) if status.startswith("4") else (Meaning.PERMANENT, Cause.REFUSED)
