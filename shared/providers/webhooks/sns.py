"""Amazon SNS: proves that a message comes from our topic, by a certificate that is fetched from Amazon's own server."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate, load_pem_x509_certificate

from shared.clock import now
from shared.errors import Permanent, WebhookRefused
from shared.providers.webhooks.base import text_at

# What is signed, in this order; a subject only where there is one.
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
# SHA-1 is what topics use unless somebody changed them.
_HASHES: Mapping[str, Callable[[], SHA1 | SHA256]] = {"1": SHA1, "2": SHA256}
_MOST_CERTIFICATES = 16
_ANY_PATH = re.compile(r".*", re.DOTALL)
# What that server answers to a query may be words of its guests.
_CERTIFICATE = re.compile(r"/[\w.-]+\.pem", re.ASCII)


class Topic:
    """One topic and the certificates that its messages were signed with so far."""

    def __init__(self, arn: str, fetch: Callable[[str], bytes]) -> None:
        self._arn, self._fetch = arn, fetch
        self._certificates: dict[str, Certificate] = {}
        _, partition, _, region, *_ = arn.split(":")
        # Exactly the topic's region: a host such as sns.s3-us-west-2 would be anybody's storage.
        self._host = f"sns.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")

    def check(self, message: Any) -> None:
        """Raises WebhookRefused unless the topic signed it; Retryable when the certificate can't be fetched now."""
        if text_at(message, "TopicArn") != self._arn:
            raise WebhookRefused("This does not come from the SNS topic of DEARREP_WEBHOOKS.")
        fields = _SIGNED.get(text_at(message, "Type"))
        make_hash = _HASHES.get(text_at(message, "SignatureVersion"))
        if not fields or not make_hash:
            raise WebhookRefused("This SNS message is of an unknown type or signature version.")
        lines = (
            f"{name}\n{text_at(message, name)}\n" for name in fields if name != "Subject" or text_at(message, name)
        )
        signed = "".join(lines).encode(errors="replace")
        certificate = self._certificate(self.own_url(text_at(message, "SigningCertURL"), _CERTIFICATE))
        if not _is_signed(certificate, text_at(message, "Signature"), signed, make_hash()):
            raise WebhookRefused("The signature of this SNS message is wrong.")

    def confirm(self, message: Any) -> None:
        """Agrees to get the topic's messages. Of checked messages only; raises as `check` does."""
        self._get(self.own_url(text_at(message, "SubscribeURL")))

    def own_url(self, url: str, path: re.Pattern[str] = _ANY_PATH) -> str:
        """The address, if it is the topic's own server's and its path and query fit; raises WebhookRefused."""
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        what = parts._replace(scheme="", netloc="").geturl()
        if parts.scheme != "https" or parts.netloc != self._host or not path.fullmatch(what):
            raise WebhookRefused("This SNS message names an address that is not its topic's server.")
        return parts.geturl()

    def _certificate(self, url: str) -> Certificate:
        certificate = self._certificates.get(url)
        if certificate is None:
            try:
                certificate = load_pem_x509_certificate(self._get(url))
            except ValueError:
                raise WebhookRefused("What signs this SNS message is not a certificate.") from None
            if len(self._certificates) >= _MOST_CERTIFICATES:
                self._certificates.clear()
            self._certificates[url] = certificate
        if not certificate.not_valid_before_utc <= now() <= certificate.not_valid_after_utc:
            raise WebhookRefused("The certificate of this SNS message is not valid now.")
        return certificate

    def _get(self, url: str) -> bytes:
        try:
            return self._fetch(url)
        except Permanent:
            raise WebhookRefused("This SNS message names an address that does not exist.") from None


def _is_signed(certificate: Certificate, signature: str, signed: bytes, made_with: SHA1 | SHA256) -> bool:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, PKCS1v15(), made_with)
    except (ValueError, InvalidSignature):
        return False
    return True
