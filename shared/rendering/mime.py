"""The bytes of an email from prepared parts. A pure function of the row, so every attempt sends the same bytes."""

import quopri
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

_LINE_END = b"\r\n"
# RFC 5322 2.1.1 wants at most 78 characters a line.
_HEADER_WIDTH = 76
# Fits into its line after any of our headers' names, as it is.
_SHORT = 56


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
        ("From", _address(mail.from_name, mail.from_address)),
        ("To", _address(mail.to_name, mail.to_address)),
        *([("Reply-To", _address(mail.reply_to_name, mail.reply_to))] if mail.reply_to else []),
        ("Subject", _unstructured(mail.subject)),
        ("Date", format_datetime(mail.date)),
        ("Message-ID", mail.message_id),
        *((name, _unstructured(value)) for name, value in mail.extra),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
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


def _address(name: str, address: str) -> str:
    if not name:
        return address
    if name.isascii():
        return formataddr((name, address))
    encoded = Header(name, "utf-8", maxlinelen=_HEADER_WIDTH, header_name="Reply-To").encode(linesep="\r\n")
    return f"{encoded}\r\n <{address}>"


def _unstructured(value: str) -> str:
    if len(value) <= _SHORT and value.isascii() and value.isprintable():
        return value
    charset = "us-ascii" if value.isascii() else "utf-8"
    return Header(value, charset, maxlinelen=_HEADER_WIDTH, header_name="Subject").encode(linesep="\r\n")
