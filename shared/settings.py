"""All settings in one frozen object. `from_env` is called only in composition roots (a test checks)."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from shared.errors import SettingsError
from shared.fences import read_limit, read_number, read_proxies
from shared.paths import ROOT
from shared.timing import USUAL, Timing, parse_timing

Environment = Literal["local", "production", "test"]
# Characters; 256 bits as hexadecimal digits are 64.
SECRET_KEY_LENGTH = 32
_LAST_PORT = 65_535
MailRoute = Literal["relay", "direct"]
_MAIL_ROUTES: tuple[MailRoute, ...] = ("relay", "direct")
_ENVIRONMENTS: tuple[Environment, ...] = ("local", "production", "test")


@dataclass(frozen=True, repr=False)
class Settings:
    """Every setting, named after its environment variable (see docs/operations.md). No repr: it holds secrets.

    `database_url` postgresql://…; `redis_url` redis://…; `mail_relay_url` smtp[s]://[user:password@]host:port
    or empty when nothing may leave this machine; `mail_route` says whether that server passes mail on (`relay`)
    or is the receivers' own (`direct`), which decides what "sent" means; `mailbox_url` smtp:// of the local
    mailbox; `inbound_url` lmtp:// or smtp:// where bounces and answers are handed to us, empty for nowhere; `data` a
    folder or URL with public data files, empty for the official addresses; `geocoders` outside
    services to ask for addresses, empty for none; `webhooks` relay services that may post what became of mail, with
    what proves that they are it, empty for none; `var` the folder for local state; `metrics_token` what a reader of
    `/metrics` must know, empty for readers on this machine while the public URL is loopback; `metrics_port` where a
    worker serves its own, empty for nowhere; `trusted_proxies` the web servers in front, as a number or by networks;
    `network_limit` and `email_limit` how often one network, or one email address, may begin letters; `fastest_send`
    the seconds that a person needs at least between address and Send; `keep_days` after how many days without news
    personal data go, 0 for never; `mailbox_per_hour` how many letters a mailbox of an office gets within an hour, 0 for
    any number; `export_hours` for how long an exported file is kept; `dns_servers` who is asked
    about the sender domain, empty for this machine's own.
    """

    database_url: str
    redis_url: str
    secret_key: str
    environment: Environment = "local"
    public_url: str = "http://127.0.0.1:8000"
    mail_relay_url: str = ""
    mail_route: MailRoute = "relay"
    mailbox_url: str = "smtp://127.0.0.1:8025"
    inbound_url: str = ""
    mail_domain: str = "letters.example"
    organizer_email: str = "organizer@localhost"
    data: str = ""
    geocoders: str = ""
    webhooks: str = ""
    var: Path = ROOT / "var"
    log_level: str = "INFO"
    timing: Timing = USUAL
    metrics_token: str = ""
    metrics_port: str = ""
    trusted_proxies: str = ""
    network_limit: str = "300 per 10 minutes"
    email_limit: str = "10 per hour"
    fastest_send: float = 2.0
    keep_days: float = 90.0
    mailbox_per_hour: float = 1_000.0
    export_hours: float = 24.0
    dns_servers: str = ""

    @property
    def secure_cookies(self) -> bool:
        """True where pages are served over https."""
        return self.public_url.startswith("https://")

    @property
    def is_for_this_machine(self) -> bool:
        """True where pages are served to this machine's own browsers only, as `make run` does."""
        return is_loopback_host(urlsplit(self.public_url).hostname or "")

    @property
    def relay_configured(self) -> bool:
        """True when an organizer has named a mail relay."""
        return bool(self.mail_relay_url)


ENVIRONMENT_NAMES: dict[str, str] = {
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "secret_key": "DEARREP_SECRET_KEY",
    "environment": "DEARREP_ENV",
    "public_url": "DEARREP_PUBLIC_URL",
    "mail_relay_url": "DEARREP_MAIL_RELAY_URL",
    "mail_route": "DEARREP_MAIL_ROUTE",
    "mailbox_url": "DEARREP_MAILBOX_URL",
    "inbound_url": "DEARREP_INBOUND_URL",
    "mail_domain": "DEARREP_MAIL_DOMAIN",
    "organizer_email": "DEARREP_ORGANIZER_EMAIL",
    "data": "DEARREP_DATA",
    "geocoders": "DEARREP_GEOCODERS",
    "webhooks": "DEARREP_WEBHOOKS",
    "var": "DEARREP_VAR",
    "log_level": "DEARREP_LOG_LEVEL",
    "timing": "DEARREP_TIMING",
    "metrics_token": "DEARREP_METRICS_TOKEN",
    "metrics_port": "DEARREP_METRICS_PORT",
    "trusted_proxies": "DEARREP_TRUSTED_PROXIES",
    "network_limit": "DEARREP_NETWORK_LIMIT",
    "email_limit": "DEARREP_EMAIL_LIMIT",
    "fastest_send": "DEARREP_FASTEST_SEND",
    "keep_days": "DEARREP_KEEP_DAYS",
    "mailbox_per_hour": "DEARREP_MAILBOX_PER_HOUR",
    "export_hours": "DEARREP_EXPORT_HOURS",
    "dns_servers": "DEARREP_DNS_SERVERS",
}
_URL_SCHEMES = {
    "database_url": ("postgresql",),
    "redis_url": ("redis", "rediss", "unix", "amqp", "amqps"),
    "public_url": ("http", "https"),
    "mail_relay_url": ("smtp", "smtps"),
    "mailbox_url": ("smtp",),
    "inbound_url": ("lmtp", "smtp"),
}
_LIMITS = ("network_limit", "email_limit")
_NUMBERS = ("fastest_send", "keep_days", "mailbox_per_hour", "export_hours")


def is_loopback_host(host: str) -> bool:
    """True for `localhost` and for loopback addresses."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


_GEOCODER_FORMS = {
    "census": "census",
    "geocodio": "geocodio=KEY",
    "nominatim": "nominatim=URL",
    "photon": "photon=URL",
    "pelias": "pelias=URL",
}


def read_geocoders(text: str) -> tuple[tuple[str, str], ...]:
    """Names with their URL or key, in the order to ask them; raises SettingsError that names the wrong part."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(_read_geocoder(number, part) for number, part in enumerate(parts, 1) if part)


def _read_geocoder(number: int, part: str) -> tuple[str, str]:
    name, _, value = (word.strip() for word in part.partition("="))
    name = name.casefold()
    if name not in _GEOCODER_FORMS:
        wrong = "is none that we know"
    elif not value and name != "census":
        wrong = f"lacks its {_GEOCODER_FORMS[name].partition('=')[2]}"
    elif value and name != "geocodio" and not _is_web_address(value):
        wrong = "needs an address that starts with http:// or https://"
    else:
        return name, value
    # No more of it than the first word: the rest may be a key.
    shown = re.match(r"\w*", name)
    raise SettingsError(
        f"DEARREP_GEOCODERS: part {number} (“{shown[0] if shown else ''}”) {wrong}. "
        f"Separated by commas it takes {', '.join(_GEOCODER_FORMS.values())}."
    )


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _has_good_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


_WEBHOOK_FORMS = {
    "ses": ("TOPIC-ARN", re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}", re.ASCII)),
    # A P-256 key in base64: 91 bytes.
    "sendgrid": ("PUBLIC-KEY", re.compile(r"[A-Za-z0-9+/]{122}==")),
    "mailgun": ("SIGNING-KEY", re.compile(r"\S+")),
    "postmark": ("USER:PASSWORD", re.compile(r"[^:]+:.+")),
}


def read_webhooks(text: str) -> dict[str, str]:
    """Relay services with what proves their posts; raises SettingsError that names the wrong part, never a secret."""
    read: dict[str, str] = {}
    parts = [part.strip() for part in text.split(",")]
    for number, part in enumerate(parts, 1):
        # Only the first equals sign separates: keys end in some, and topics hold colons.
        name, _, value = (word.strip() for word in part.partition("="))
        name = name.casefold()
        if not part:
            continue
        if name not in _WEBHOOK_FORMS:
            # Not shown: it may be the end of a password with a comma.
            raise _wrong_webhook(number, "is none that we know")
        if name in read:
            raise _wrong_webhook(number, f"names {name} a second time")
        form, pattern = _WEBHOOK_FORMS[name]
        if not pattern.fullmatch(value):
            raise _wrong_webhook(number, f"({name}) needs its {form} after the equals sign")
        read[name] = value
    return read


def _wrong_webhook(number: int, wrong: str) -> SettingsError:
    forms = ", ".join(f"{name}={form}" for name, (form, _) in _WEBHOOK_FORMS.items())
    return SettingsError(f"DEARREP_WEBHOOKS: part {number} {wrong}. Separated by commas it takes {forms}.")


def read_metrics_port(text: str) -> tuple[str, int] | None:
    """Host and port of `9100` (this machine only) or `0.0.0.0:9100`; None when empty. Raises SettingsError."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) <= _LAST_PORT:
        raise SettingsError(f"DEARREP_METRICS_PORT must be a port such as 9100, or 0.0.0.0:9100, not {text}.")
    return host or "127.0.0.1", int(port)


def read_dns_servers(text: str) -> tuple[tuple[str, int], ...]:
    """`9.9.9.9, 127.0.0.1:5353` or `[::1]:53` as address and port; raises SettingsError that names the wrong part."""
    return tuple(_read_dns_server(part.strip()) for part in text.split(",") if part.strip())


def _read_dns_server(part: str) -> tuple[str, int]:
    has_port = part.startswith("[") or part.count(":") == 1
    host, _, port = part.rpartition(":") if has_port else (part, "", "53")
    try:
        return str(ip_address(host.strip("[]"))), int(port)
    except ValueError:
        raise SettingsError(
            f"DEARREP_DNS_SERVERS: “{part}” is not the address of a name server, such as 9.9.9.9 or 127.0.0.1:5353."
        ) from None


def _read_fences(given: Mapping[str, str]) -> dict[str, float]:
    numbers = {}
    for field in (*_LIMITS, *_NUMBERS, "trusted_proxies"):
        try:
            if field not in given:
                continue
            if field in _NUMBERS:
                numbers[field] = read_number(given[field])
            elif field in _LIMITS:
                read_limit(given[field])
            else:
                read_proxies(given[field])
        except ValueError as error:
            raise SettingsError(f"{ENVIRONMENT_NAMES[field]}: {error}.") from None
    return numbers


def from_env(env: Mapping[str, str] | None = None) -> Settings:
    """Settings from environment variables; raises SettingsError with one line that names the bad one."""
    env = os.environ if env is None else env
    given = {field: env[name].strip() for field, name in ENVIRONMENT_NAMES.items() if env.get(name, "").strip()}
    for field in ("database_url", "redis_url", "secret_key"):
        if field not in given:
            name = ENVIRONMENT_NAMES[field]
            raise SettingsError(f"{name} is not set. `dearrep up` sets it for you on one machine.")
    for field, schemes in _URL_SCHEMES.items():
        if field in given and urlsplit(given[field]).scheme not in schemes:
            wanted = " or ".join(f"{scheme}://" for scheme in schemes)
            raise SettingsError(f"{ENVIRONMENT_NAMES[field]} must start with {wanted}.")
        if field in given and not _has_good_port(given[field]):
            raise SettingsError(f"The port in {ENVIRONMENT_NAMES[field]} must be a number up to {_LAST_PORT}.")
    if len(given["secret_key"]) < SECRET_KEY_LENGTH:
        raise SettingsError("DEARREP_SECRET_KEY is shorter than 32 characters. Make one: openssl rand -hex 32")
    environment = given.get("environment", "local")
    if environment not in _ENVIRONMENTS:
        raise SettingsError(f"DEARREP_ENV must be one of {', '.join(_ENVIRONMENTS)}, not {environment}.")
    if given.get("mail_route", "relay") not in _MAIL_ROUTES:
        raise SettingsError(f"DEARREP_MAIL_ROUTE must be relay or direct, not {given['mail_route']}.")
    read_geocoders(given.get("geocoders", ""))
    read_webhooks(given.get("webhooks", ""))
    read_metrics_port(given.get("metrics_port", ""))
    read_dns_servers(given.get("dns_servers", ""))
    numbers = _read_fences(given)
    try:
        timing = parse_timing(given.pop("timing", ""))
    except ValueError as error:
        raise SettingsError(f"DEARREP_TIMING: {error}.") from None
    given["public_url"] = given.get("public_url", Settings.public_url).rstrip("/")
    var = Path(given["var"]) if "var" in given else Settings.var
    return Settings(**{**given, **numbers, "timing": timing, "var": var})  # type: ignore[arg-type]
