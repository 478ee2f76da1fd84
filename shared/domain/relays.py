"""A mail relay that was entered in the console: its parts, what is wrong with them, and the address that they make."""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import parse_qs, quote, unquote, urlsplit

from shared.domain.integers import parse_integer

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII)
_LAST_PORT = 65_535
_LIMIT = 500


class Security(StrEnum):
    """How the connection is made secret."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


USUAL_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
SECURITY_WORDS = {
    Security.STARTTLS: "STARTTLS, usually on port 587",
    Security.TLS: "TLS from the start, usually on port 465",
    Security.NONE: "None: a server on this machine or its own network",
}


@dataclass(frozen=True, repr=False)
class Relay:
    """It passes mail on. No repr: it holds a password."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = ""

    @property
    def url(self) -> str:
        """As `DEARREP_MAIL_RELAY_URL` would say it."""
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "smtps" if self.security is Security.TLS else "smtp"
        return f"{scheme}://{login}{host}:{self.port}" + ("?starttls=1" if self.security is Security.STARTTLS else "")

    def leads_elsewhere_than(self, other: "Relay") -> bool:
        """True when a password of the other must not be handed to this one."""
        return (self.host, self.port, self.username, self.security) != (
            other.host,
            other.port,
            other.username,
            other.security,
        )


def read_relay(url: str) -> Relay:
    """The parts of an address as `DEARREP_MAIL_RELAY_URL` gives it; a password always goes through STARTTLS or TLS."""
    parts = urlsplit(url)
    secure = parts.scheme == "smtps"
    starttls = parse_qs(parts.query).get("starttls", ["0"])[0] == "1" or bool(parts.username)
    security = Security.TLS if secure else Security.STARTTLS if starttls else Security.NONE
    return Relay(
        parts.hostname or "127.0.0.1",
        parts.port or (465 if secure else 25),
        security,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def place_of(url: str) -> str:
    """`smtp://mail.example:587`: where an address leads, without user, password and options; empty for none."""
    if not url:
        return ""
    relay = read_relay(url)
    host = f"[{relay.host}]" if ":" in relay.host else relay.host
    return f"{urlsplit(url).scheme}://{host}:{relay.port}"


def wrong_with(typed: dict[str, str]) -> dict[str, str]:
    """By field, what keeps this from being a relay."""
    wrong: dict[str, str] = {}
    if not _is_host(typed["host"]):
        wrong["host"] = "Type the name of the mail server, such as smtp.mail-service.com, without smtp:// before it."
    if parse_integer(typed["port"], least=1, most=_LAST_PORT) is None:
        wrong["port"] = "Type the port, a number such as 587."
    if typed["security"] not in set(Security):
        wrong["security"] = "Choose how the connection is made secret."
    elif typed["username"] and typed["security"] == Security.NONE:
        wrong["security"] = "A password needs a secret connection: choose STARTTLS or TLS."
    for name in ("username", "password"):
        if len(typed[name]) > _LIMIT or not typed[name].isprintable():
            wrong[name] = f"At most {_LIMIT} characters, and none that can't be seen."
    return wrong


def _is_host(text: str) -> bool:
    if _NAME.fullmatch(text.lower()):
        return True
    try:
        return bool(ip_address(text))
    except ValueError:
        return False
