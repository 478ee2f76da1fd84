"""Keyed identities: tokens, stable message ids, signed envelope senders and hashes of email addresses."""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from hashlib import sha256

from email_validator import EmailNotValidError, validate_email

from shared.domain.client_addresses import network_of, read_address

# 128 bits; base64url without padding.
_TOKEN_BYTES = 16
_TAG_BYTES = 10
_MESSAGE_ID_BYTES = 16
_FINGERPRINT_BYTES = 20
# No mail server takes a longer address (RFC 5321).
EMAIL_MAX = 254
_KINDS = {"l": "letter", "f": "follow_up"}
_SIGNED = re.compile(r"(?<![a-z0-9])([lf])([1-9][0-9]{0,17})(?:\.([1-9][0-9]{0,3}))?-[a-z2-7]{16,26}(?![a-z0-9])")


@dataclass(frozen=True)
class Mark:
    """What names one email of ours: `kind` is `letter` or `follow_up`.

    `resends` says how often it had left before, None where that can't be told.
    """

    kind: str
    number: int
    resends: int | None = None


def key_fingerprint(secret: str) -> str:
    """Tells a secret key from another one, and says nothing else about it."""
    return _tag(secret, "key-fingerprint", "", _FINGERPRINT_BYTES)


def new_token() -> str:
    """A random name for a submission, safe in URLs."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def reference(token: str) -> str:
    """The short reference that a supporter may quote, `7F3K-92QD`; says nothing about the token."""
    letters = base64.b32encode(sha256(token.encode()).digest()).decode()[:8]
    return f"{letters[:4]}-{letters[4:]}"


def email_hash(secret: str, email: str) -> str:
    """The same for the same mailbox however it is written; can't be reversed without the secret."""
    return _tag(secret, "email", _mailbox(email.strip()), 16)


def message_id(secret: str, kind: str, number: int, mail_domain: str) -> str:
    """`<l123-tag@domain>`: one per letter or follow-up, the same on every attempt."""
    return f"<{_signed(secret, 'message-id', kind, str(number), _MESSAGE_ID_BYTES)}@{mail_domain}>"


def envelope_sender(secret: str, kind: str, number: int, mail_domain: str, resends: int = 0) -> str:
    """VERP: `bounce+l123-tag@domain`, lower case, at most 64 octets before the at sign.

    `bounce+l123.2-tag@domain` when it leaves for the third time, so that late news of an earlier time is known as such.
    It stays the same while servers put the email off: one that greylists waits for the same sender to come back.
    """
    return f"bounce+{_signed(secret, 'verp', kind, _named(number, resends), _TAG_BYTES)}@{mail_domain}"


def unsubscribe_key(secret: str, number: int) -> str:
    """The part of a follow-up's link, or of its mail address, that unsubscribes whoever got it."""
    return _signed(secret, "unsubscribe", "follow_up", str(number), _TAG_BYTES)


def read_mark(secret: str, text: str) -> Mark | None:
    """What is named by any text with an envelope sender or a Message-ID of ours in it."""
    found = _read_signed(secret, text, "verp")
    if found:
        return found
    found = _read_signed(secret, text, "message-id")
    return replace(found, resends=None) if found else None


def read_unsubscribe_key(secret: str, text: str) -> int | None:
    """The follow-up whose key stands in the text; None for a key that we did not make."""
    found = _read_signed(secret, text, "unsubscribe")
    return found.number if found else None


def owner_key(secret: str, token: str) -> str:
    """The part of an emailed link that proves that it was sent to the submission's own supporter."""
    return _tag(secret, "owner", token, _TOKEN_BYTES)


def is_owner_key(secret: str, token: str, key: str) -> bool:
    """True for the key that `owner_key` made; takes the same time for every wrong one."""
    return hmac.compare_digest(owner_key(secret, token).encode(), key.encode())


def draft_key(secret: str, token: str) -> str:
    """The part of a link that proves that its browser began the draft; says nothing about whose email is in it."""
    return _tag(secret, "draft", token, _TOKEN_BYTES)


def is_draft_key(secret: str, token: str, key: str) -> bool:
    """True for the key that `draft_key` made; takes the same time for every wrong one."""
    return hmac.compare_digest(draft_key(secret, token).encode(), key.encode())


def invitation_key(secret: str, token: str) -> str:
    """The part of a personal link that proves that we made it."""
    return _tag(secret, "invitation", token, _TOKEN_BYTES)


def is_invitation_key(secret: str, token: str, key: str) -> bool:
    """True for the key that `invitation_key` made; takes the same time for every wrong one."""
    return hmac.compare_digest(invitation_key(secret, token).encode(), key.encode())


def export_key(secret: str, number: int, until: str) -> str:
    """The part of an exported file's link that proves that we made it, for use until that second, in digits."""
    return _tag(secret, "export", f"{number}/{until}", _TOKEN_BYTES)


def is_export_key(secret: str, number: int, until: str, key: str) -> bool:
    """True for the key that `export_key` made; takes the same time for every wrong one."""
    return hmac.compare_digest(export_key(secret, number, until).encode(), key.encode())


def source_hash(secret: str, address: str) -> str:
    """The same for all addresses of one network; can't be reversed without the secret."""
    known = read_address(address)
    return _tag(secret, "source", network_of(known) if known else "unknown", 16)


def ascii_email(email: str) -> str:
    """The address as mail servers take it, without asking any; empty for what is none."""
    try:
        # Letters beyond ASCII before the at sign are refused by many mail servers.
        return validate_email(email, check_deliverability=False, test_environment=True).ascii_email or ""
    except EmailNotValidError:
        return ""


def _mailbox(email: str) -> str:
    """In lower case, with the domain as mail servers write it: `münchen.example` is `xn--mnchen-3ya.example`."""
    if not email.isascii() and len(email) <= EMAIL_MAX:
        email = ascii_email(email) or email
    return email.casefold()


def _named(number: int, resends: int) -> str:
    return f"{number}.{resends}" if resends else str(number)


def _signed(secret: str, purpose: str, kind: str, name: str, size: int) -> str:
    return f"{kind[0]}{name}-{_tag(secret, f'{purpose}:{kind}', name, size)}"


def _read_signed(secret: str, text: str, purpose: str) -> Mark | None:
    """Upper and lower case mean the same: mail servers may change either."""
    for found in _SIGNED.finditer(text.lower()):
        kind, number, resends = _KINDS[found[1]], int(found[2]), int(found[3] or 0)
        for size in (_TAG_BYTES, _MESSAGE_ID_BYTES):
            if hmac.compare_digest(_signed(secret, purpose, kind, _named(number, resends), size), found[0]):
                return Mark(kind, number, resends)
    return None


def _tag(secret: str, purpose: str, value: str, size: int) -> str:
    digest = hmac.new(secret.encode(), f"{purpose}\0{value}".encode(), sha256).digest()
    return base64.b32encode(digest[:size]).decode().rstrip("=").lower()
