"""One-time codes of an authenticator app: RFC 6238 with SHA-1, 30 seconds and 6 digits, which all such apps know."""

import base64
import hmac
import secrets
import struct
from urllib.parse import quote, urlencode

PERIOD_S = 30
_DIGITS = 6
_KEY_BYTES = 20
# A phone's clock, and a slow thumb.
_STEPS_OFF = 1
# Easy to read aloud and to type: no vowels, no look-alikes.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
RECOVERY_CODES = 10


def new_key() -> bytes:
    """160 random bits, as RFC 4226 wants."""
    return secrets.token_bytes(_KEY_BYTES)


def code_at(key: bytes, step: int) -> str:
    """The code of one period since 1970."""
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def matching_step(key: bytes, typed: str, at: float, after: int) -> int | None:
    """The period whose code was typed at this Unix time; None when it is no code of now, or not newer than `after`."""
    digits = "".join(sign for sign in typed if not sign.isspace())
    present = int(at) // PERIOD_S
    fitting = (
        step
        for step in range(present - _STEPS_OFF, present + _STEPS_OFF + 1)
        if step > after and hmac.compare_digest(code_at(key, step).encode(), digits.encode())
    )
    return next(fitting, None)


def key_text(key: bytes) -> str:
    """For typing it into the app: groups of four."""
    plain = base64.b32encode(key).decode()
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def app_link(key: bytes, email: str) -> str:
    """What the QR code says to the app."""
    values = {"secret": base64.b32encode(key).decode(), "issuer": "Dear Rep", "digits": _DIGITS, "period": PERIOD_S}
    return f"otpauth://totp/{quote(f'Dear Rep:{email}')}?{urlencode(values, quote_via=quote)}"


def new_recovery_codes() -> list[str]:
    """Ten codes for the day when the phone is gone."""
    return ["-".join(_random_group() for _ in range(3)) for _ in range(RECOVERY_CODES)]


def plain_recovery_code(typed: str) -> str:
    """As it was made, however it was typed."""
    return "".join(sign for sign in typed.casefold() if sign.isalnum())


def _random_group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(4))
