"""What people type, made safe to store and to put in a header: invisible characters go, the rest stays as typed."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Literal

# Direction overrides can make a letter read differently from what it says; private-use ones are our own marks.
_UNWANTED = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff]"
)


# The Stream-Safe Text Format of Unicode (UAX #15): no language needs more combining marks in a row.
MAX_MARKS = 30
# These have no combining class of their own, and normal forms make marks of them.
_HIDDEN_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")
# Some 1,700 words. Markdown of nothing but brackets takes a tenth of a second or more for them.
MARKDOWN_MAX = 10_000
# Blanks and marks that will go may take this many times the room of what stays.
_ROOM = 4


def normalized(text: str, form: Literal["NFC", "NFKD"] = "NFC") -> str:
    """The text in a normal form, in linear time: of more than 30 combining marks in a row, the rest goes.

    Sorting the marks of one letter takes the square of their number: 120,000 of them are 15 seconds.
    """
    if text.isascii():
        return text
    return unicodedata.normalize(form, "".join(_with_few_marks(text)))


def _with_few_marks(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) or character in _HIDDEN_MARKS else 0
        if marks <= MAX_MARKS:
            yield character


def clean_line(typed: str) -> str:
    """One line: white space folded, invisible characters gone."""
    return " ".join(_UNWANTED.sub("", normalized(typed)).split())


def clean_within(typed: str, most: int, clean: Callable[[str], str] = clean_line) -> str | None:
    """The cleaned text, None when more than `most` characters stay. A much longer one is not looked into at all."""
    if len(typed) > _ROOM * most:
        return None
    text = clean(typed)
    return text if len(text) <= most else None


def mark_invisible(text: str) -> str:
    """Every invisible character and line end becomes a visible mark, for texts whose spaces have a meaning."""
    return _UNWANTED.sub("\ufffd", text.replace("\r", "\ufffd").replace("\n", "\ufffd"))


def clean_text(typed: str) -> str:
    """Several lines: Unix line ends, trailing blanks gone, at most one blank line in a row."""
    text = _UNWANTED.sub("", normalized(typed.replace("\r\n", "\n").replace("\r", "\n")))
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def ascii_address(address: str) -> str:
    """The address as every mail server takes it: its domain in ASCII; empty when its name can't be."""
    name, _, domain = address.rpartition("@")
    try:
        return f"{name}@{domain.encode('idna').decode('ascii')}" if name.isascii() and name else ""
    except UnicodeError:
        return ""
