"""Mail taken apart whatever its state: broken MIME, unknown charsets, wrong encodings give worse text, not errors."""

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import parseaddr
from html import unescape
from itertools import islice
from weakref import WeakKeyDictionary

import nh3

from shared.domain.identities import EMAIL_MAX
from shared.domain.receipts import storable_line
from shared.domain.typed_text import clean_text

# Characters; a longer header is no person's work.
_MOST_HEADER = 10_000
# Longer names than this are no names.
_MOST_NAME = 200
_MOST_FILES, _MOST_FILE_NAME = 10, 80
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
# Characters of a body that are looked at; an answer keeps far fewer.
_MOST_BODY = 100_000
# What a bounce or an answer says stands at its beginning; taking apart a mail of thousands of parts takes minutes.
MOST_READ = 300_000
# The detectors of bounces try dozens of patterns on each line. 300 kB of encoded text are 4,000 lines.
_MOST_LINES, _MOST_HEAD_LINES = 5_000, 2_000
# A header of a part, such as its type: Python takes the square of its length for the parameters.
_MOST_MIME_HEADER = 1_000
_MOST_OF_A_NAME, _MOST_ENCODED, _MOST_PARTS = 20, 100, 100
_MOST_CONTAINERS, _MOST_BORDERS = 30, 1_000
_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote|/pre)\b", re.IGNORECASE)
_ONE_ADDRESS = re.compile(r"(?P<name>[^<>@]*)<(?P<address>[^<>\s,;@]+@[^<>\s,;@]+)>")
# What mail is often written in that claims the narrower one.
_WIDER = {
    **dict.fromkeys(("us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gb_2312-80", "gbk", "x-gbk", "euc-cn"), "gb18030"),
    "big5": "big5hkscs",
    "unicode-1-1-utf-7": "utf-7",
}
# Python's for other ends than mail; some take a long time.
_NO_CHARSETS = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"}
# Of a character in UTF-8 that was cut in two.
_MOST_CUT = 3


# Several readers ask for the same one.
_BODIES: WeakKeyDictionary[Message, str] = WeakKeyDictionary()


class _Utf8Headers(Compat32):
    """The forgiving policy, with headers that were sent in UTF-8 as they stand (RFC 6532)."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        most = _MOST_MIME_HEADER if name.lower().startswith("content-") else _MOST_HEADER
        return value[:most].encode(errors="surrogateescape").decode(errors="replace")


def take_apart(raw: bytes) -> Message:
    """The parsed mail: of a large one the beginning, of one with very many parts the head alone."""
    raw = _beginning(raw[:MOST_READ])
    is_tangled = raw.lower().count(b"multipart/") > _MOST_CONTAINERS or raw.count(b"\n--") > _MOST_BORDERS
    return BytesParser(policy=_Utf8Headers()).parsebytes(raw, headersonly=is_tangled)


def _beginning(raw: bytes) -> bytes:
    """The first lines of the head, and of the text behind it."""
    # Python takes a lone carriage return for the end of a line.
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    head = next((number for number, line in enumerate(lines) if not line), len(lines))
    return b"\n".join(lines[: min(head, _MOST_HEAD_LINES)] + lines[head : head + _MOST_LINES])


def header(message: Message, name: str) -> str:
    """A header in one decoded line; empty when there is none."""
    return next(headers(message, name), "")


def headers(message: Message, name: str) -> Iterator[str]:
    """The headers of a name, each in one decoded line."""
    for value in message.get_all(name, [])[:_MOST_OF_A_NAME]:
        yield storable_line(_decoded(str(value)))


def mailbox(message: Message, field: str) -> tuple[str, str]:
    """Name and address of the first mailbox in a header, both empty where there is none.

    Only the name is decoded: an encoded comma or bracket must not become another address.
    """
    value = str(message.get(field, ""))
    name, address = parseaddr(value)
    if "@" not in address and (found := _ONE_ADDRESS.fullmatch(value.strip())):
        # `Vale, Robin <robin@…>`: a comma that should be in quotes.
        name, address = found["name"], found["address"]
    address = storable_line(address)
    good = "@" in address and len(address) <= EMAIL_MAX
    return (storable_line(_decoded(name))[:_MOST_NAME], address) if good else ("", "")


def _decoded(value: str) -> str:
    if value.count("=?") > _MOST_ENCODED:
        return value
    try:
        pieces = decode_header(value)
    except (ValueError, MessageError):
        return value
    return "".join(piece if isinstance(piece, str) else _text(piece, charset) for piece, charset in pieces)


def parts(message: Message) -> Iterator[Message]:
    """The first parts that are no container, in their order; enclosed messages are handed out unopened."""
    return islice(_parts(message), _MOST_PARTS)


def _parts(message: Message) -> Iterator[Message]:
    if message.get_content_maintype() != "multipart":
        yield message
        return
    for part in inner(message):
        yield from _parts(part)


def inner(part: Message) -> list[Message]:
    """The messages that a part consists of; none for one that should have some and is broken."""
    payload = part.get_payload()
    return [message for message in payload if isinstance(message, Message)] if isinstance(payload, list) else []


def enclosed(part: Message) -> Message:
    """The message inside a part of a `message/…` type; the part itself when nothing is in it."""
    return next(iter(inner(part)), part)


def body(message: Message) -> str:
    """What a person reads, with its line breaks: all plain parts, or else the HTML ones reduced to text."""
    if message not in _BODIES:
        _BODIES[message] = _read_body(message)
    return _BODIES[message]


def _read_body(message: Message) -> str:
    inline = [part for part in parts(message) if part.get_content_disposition() != "attachment"]
    plain = [_body(part) for part in inline if part.get_content_type() == "text/plain"]
    return _joined(plain) or _joined(
        [_reduced(_body(part)) for part in inline if part.get_content_type() == "text/html"]
    )


def attachments(message: Message) -> tuple[str, ...]:
    """What files came with a mail, by their names or else their types; no pictures within its text, no signatures."""
    named = (part.get_filename() or part.get_content_type() for part in parts(message) if _is_attachment(part))
    return tuple(storable_line(_decoded(name))[:_MOST_FILE_NAME] for name in islice(named, _MOST_FILES))


def _is_attachment(part: Message) -> bool:
    if part.get_content_type() in _SIGNATURES:
        return False
    if part.get_content_disposition() == "attachment":
        return True
    is_shown = part.get_content_maintype() in {"text", "multipart", "message"} or "Content-ID" in part
    return not is_shown or bool(part.get_content_maintype() == "text" and part.get_filename())


def _joined(texts: list[str]) -> str:
    return clean_text("\n\n".join(texts)[:_MOST_BODY].encode(errors="replace").decode())


def _body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return _text(payload, part.get_content_charset())[:_MOST_BODY] if isinstance(payload, bytes) else ""


def _text(octets: bytes, charset: str | None) -> str:
    name = (charset or "utf-8").lower()
    name = _WIDER.get(name, name)
    try:
        return octets.decode("utf-8" if name.replace("-", "_") in _NO_CHARSETS else name)
    except UnicodeDecodeError as error:
        # What claims to be UTF-8, or claims nothing, and is not, was mostly written on Windows.
        is_other = name == "utf-8" and error.start < len(octets) - _MOST_CUT
        return octets.decode("cp1252" if is_other else name, "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")


def _reduced(html: str) -> str:
    """Line breaks of the source mean nothing in HTML; those of its tags do."""
    broken = _BREAKS.sub(lambda tag: "\n" + tag[0], re.sub(r"\s+", " ", html))
    bare = nh3.clean(broken, tags=set(), clean_content_tags={"script", "style", "title"})
    # Cleaned text is still HTML, and lines begin with blanks of the source.
    lines = (line.strip() for line in unescape(bare).split("\n"))
    return "\n".join(lines)
