"""The bytes of an email from prepared parts. A pure function of the row, so every attempt sends the same bytes."""

import quopri
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

_LINE_END = b"\r\n"
# RFC 5322 2.1.1 wants at most 78 characters a line.
_HEADER_WIDTH = 76
_WORD = re.compile(r"(?<! ) +[^ ]+")


@dataclass(frozen=True)
class Mail:
    """One email: addresses without names are plain `local@domain`; `date` aware; `extra` further headers in order."""

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime
    reply_to_name: str = ""
    reply_to: str = ""
    extra: tuple[tuple[str, str], ...] = field(default=())


def build_mail(mail: Mail) -> bytes:
    """RFC 5322 bytes with CRLF line ends: text first, then HTML, both quoted-printable UTF-8."""
    boundary = f"=_{mail.message_id.strip('<>').split('@')[0]}"
    headers = [
        ("From", _address("From", mail.from_name, mail.from_address)),
        ("To", _address("To", mail.to_name, mail.to_address)),
        *([("Reply-To", _address("Reply-To", mail.reply_to_name, mail.reply_to))] if mail.reply_to else []),
        ("Subject", _subject(mail.subject)),
        ("Date", format_datetime(mail.date)),
        ("Message-ID", mail.message_id),
        *((name, _further(name, value)) for name, value in mail.extra),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"'),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")
    border = f"--{boundary}".encode()
    parts = [head, _LINE_END]
    for kind, content in (("plain", mail.text), ("html", mail.html)):
        parts += [border, _LINE_END, f"Content-Type: text/{kind}; charset=utf-8\r\n".encode()]
        parts += [b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", _quoted(content), _LINE_END]
    return b"".join([*parts, border, b"--", _LINE_END])


def html_document(fragment: str, language: str = "en") -> str:
    """A fragment as a whole HTML document, as mail readers expect."""
    return f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"></head><body>{fragment}</body></html>\n'


def _quoted(text: str) -> bytes:
    unix = text if text.endswith("\n") else text + "\n"
    return quopri.encodestring(unix.encode()).replace(b"\n", _LINE_END)


def _address(header: str, name: str, address: str) -> str:
    if not name:
        return address
    if _is_plain(name) and _is_foldable(name):
        return _folded(header, formataddr((name, address)))
    return f"{_encoded(header, name)}\r\n <{address}>"


def _subject(value: str) -> str:
    return _folded("Subject", value) if _is_plain(value) and _is_foldable(value) else _encoded("Subject", value)


def _further(header: str, value: str) -> str:
    return _folded(header, value) if _is_plain(value) else _encoded(header, value)


def _is_plain(value: str) -> bool:
    """May stand in a header as it is; what looks like an encoded word would be read as one."""
    return value.isascii() and value.isprintable() and "=?" not in value


def _is_foldable(value: str) -> bool:
    return max(map(len, value.split(" "))) <= _HEADER_WIDTH // 2


def _folded(header: str, value: str) -> str:
    """Broken before words where a line would be too long. No word is cut: it may be a link."""
    if len(header) + len(": ") + len(value) <= _HEADER_WIDTH:
        return value.rstrip(" ")
    lines = [f"{header}:"]
    for word in _WORD.findall(f" {value}"):
        if len(lines[-1]) + len(word) > _HEADER_WIDTH and lines != [f"{header}:"]:
            lines.append("")
        lines[-1] += word
    return "\r\n".join(lines)[len(header) + len(": ") :]


def _encoded(header: str, value: str) -> str:
    return Header(value, "utf-8", maxlinelen=_HEADER_WIDTH, header_name=header).encode(linesep="\r\n")
