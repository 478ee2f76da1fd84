"""What people type, made safe to store and to put in a header: invisible characters go, the rest stays as typed."""

import re
import unicodedata

# Direction overrides can make a letter read differently from what it says; private-use ones are our own marks.
_UNWANTED = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff]"
)


def clean_line(typed: str) -> str:
    """One line: white space folded, invisible characters gone."""
    return " ".join(_UNWANTED.sub("", unicodedata.normalize("NFC", typed)).split())


def mark_invisible(text: str) -> str:
    """Every invisible character and line end becomes a visible mark, for texts whose spaces have a meaning."""
    return _UNWANTED.sub("\ufffd", text.replace("\r", "\ufffd").replace("\n", "\ufffd"))


def clean_text(typed: str) -> str:
    """Several lines: Unix line ends, trailing blanks gone, at most one blank line in a row."""
    text = _UNWANTED.sub("", unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n")))
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def ascii_address(address: str) -> str:
    """The address as every mail server takes it: its domain in ASCII; empty when its name can't be."""
    name, _, domain = address.rpartition("@")
    try:
        return f"{name}@{domain.encode('idna').decode('ascii')}" if name.isascii() and name else ""
    except UnicodeError:
        return ""
