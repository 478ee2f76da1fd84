"""Secrets that the database keeps encrypted: whoever reads a backup can't use them without the installation's key."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def seal(secret_key: str, purpose: str, plain: bytes) -> str:
    """Encrypted and signed for this purpose alone."""
    return _box(secret_key, purpose).encrypt(plain).decode()


def unseal(secret_key: str, purpose: str, sealed: str) -> bytes | None:
    """The plain bytes; None when they were sealed with another key or for another purpose."""
    try:
        return _box(secret_key, purpose).decrypt(sealed.encode())
    except InvalidToken:
        return None


def _box(secret_key: str, purpose: str) -> Fernet:
    key = HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))
