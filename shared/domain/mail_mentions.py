"""Whether a message names an email address, exactly: `diana@example.org` does not name `ana@example.org`."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

# What Python makes of a header with bytes that are no ASCII.
_IS_8BIT = "unknown-8bit"
# What may stand in an address beside it: RFC 5322's atoms, dots, and the letters of all alphabets.
_BEFORE = r"(?<![\w.!#$%&'*+/=?^`{|}~-])"
_AFTER = r"(?![\w-]|\.\w)"


def names_address(raw: bytes, address: str) -> bool:
    """True when the address stands in a header or in the text, in whatever encoding."""
    wanted = re.compile(f"{_BEFORE}{re.escape(address)}{_AFTER}", re.IGNORECASE)
    return any(wanted.search(text) for text in _texts(raw))


def _texts(raw: bytes) -> Iterator[str]:
    yield raw.decode("utf-8", "replace")
    message = message_from_bytes(raw)
    for part in message.walk():
        # What is not encoded was looked at above.
        yield from (_header(value) for value in map(str, part.values()) if "=?" in value and _IS_8BIT not in value)
        if not part.is_multipart():
            yield _body(part)


def _header(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError, MessageError):
        return value


def _body(part: Message) -> str:
    data = part.get_payload(decode=True)
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
