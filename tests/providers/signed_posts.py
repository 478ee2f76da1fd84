"""Posts as the relay services sign them, with keys made for one test run; nothing here is anybody's."""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from shared.errors import Permanent

TOPIC = "arn:aws:sns:us-east-1:123456789012:bounces"
HOST = "https://sns.us-east-1.amazonaws.com"
CERTIFICATE_URL = f"{HOST}/service-1.pem"
MAILGUN_KEY = "signing-key-of-the-tests"
POSTMARK_SECRET = "relay:pass:word"
Post = tuple[Mapping[str, str], bytes]


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """One key a name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def sendgrid_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def sendgrid_proof() -> str:
    public = sendgrid_key("ours").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


def certificate(key: str = "amazon", days: int = 30) -> bytes:
    """A certificate that ends so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key(key).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(rsa_key(key), SHA256())
    )
    return made.public_bytes(Encoding.PEM)


@dataclass(eq=False)
class Amazon:
    """What stands at Amazon's addresses; notes every visit."""

    pages: dict[str, bytes] = field(default_factory=lambda: {CERTIFICATE_URL: certificate()})
    visits: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.visits.append(url)
        if url not in self.pages:
            raise Permanent("There is no such page.")
        return self.pages[url]


def sns(message: object, *, key: str = "amazon", age_s: float = 0.0, **changes: str) -> Post:
    """A signed SNS message; `changes` are made before it is signed."""
    sent = datetime.now(UTC) - timedelta(seconds=age_s)
    post = {
        "Type": "Notification",
        "MessageId": "message-1",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": sent.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
        **changes,
    }
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{post[name]}\n" for name in names if name in post)
    made_with = SHA256() if post["SignatureVersion"] == "2" else SHA1()  # noqa: S303 - as Amazon does
    signature = rsa_key(key).sign(text.encode(), padding.PKCS1v15(), made_with)
    return {}, json.dumps({**post, "Signature": base64.b64encode(signature).decode()}).encode()


def sendgrid(events: object, *, key: str = "ours", age_s: float = 0.0) -> Post:
    body, moment = json.dumps(events).encode(), str(int(time.time() - age_s))
    signature = sendgrid_key(key).sign(moment.encode() + body, ec.ECDSA(SHA256()))
    headers = {
        # As some servers hand headers on.
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "X-TWILIO-EMAIL-EVENT-WEBHOOK-TIMESTAMP": moment,
    }
    return headers, body


def mailgun(event: object, *, key: str = MAILGUN_KEY, age_s: float = 0.0, token: str = "") -> Post:
    moment, token = str(int(time.time() - age_s)), token or secrets.token_hex(25)
    signature = hmac.new(key.encode(), f"{moment}{token}".encode(), sha256).hexdigest()
    signed = {"timestamp": moment, "token": token, "signature": signature}
    return {}, json.dumps({"signature": signed, "event-data": event}).encode()


def postmark(event: object, *, secret: str = POSTMARK_SECRET) -> Post:
    return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}, json.dumps(event).encode()


def with_header(post: Post, name: str, value: str) -> Post:
    headers, body = post
    return {**headers, name: value}, body


def with_body(post: Post, old: bytes, new: bytes) -> Post:
    """Tampered on the way."""
    headers, body = post
    assert old in body
    return headers, body.replace(old, new)


def ses_mail(**more: Any) -> dict[str, Any]:
    """What SES tells of the mail that an event is about."""
    return {
        "source": "bounce+l12-abcdefghijklmnop@letters.example",
        "messageId": "0100-relay-id",
        "destination": ["Ana.Ruiz@house.example"],
        "headers": [{"name": "Subject", "value": "Trees"}, {"name": "Message-ID", "value": "<l12-x@letters.example>"}],
        "commonHeaders": {"messageId": "<l12-common@letters.example>"},
        **more,
    }
