"""One finding of the sender domain's records, and what several come to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

from shared.domain.dns_answers import Ask
from shared.domain.relay_services import RelayService, service_of

# Nobody can own these (RFC 2606, RFC 6761), so nobody needs to be asked.
_RESERVED = ("example", "test", "invalid", "localhost", "local")
_DOCUMENTED = ("example.com", "example.net", "example.org")


class Light(StrEnum):
    """`amber` works and could be better, `red` keeps letters from arriving, `silent` means that DNS did not answer."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    SILENT = "silent"


@dataclass(frozen=True)
class Finding:
    """One record: what was found at `name`, what that means, and what to create. `value` "" when only others know it.

    `kind` "" while there is nothing to create.
    """

    about: str
    light: Light
    words: str
    name: str = ""
    found: tuple[str, ...] = ()
    mend: str = ""
    kind: str = ""
    value: str = ""


@dataclass(frozen=True)
class Sender:
    """What is looked at. `relay_host` "" without a relay; `selectors` empty while nobody has named any."""

    domain: str
    public_host: str
    relay_host: str = ""
    selectors: tuple[str, ...] = ()

    @property
    def service(self) -> RelayService | None:
        """The mail service behind the relay, if it is a known one."""
        return service_of(self.relay_host)


def is_reserved(domain: str) -> bool:
    """True for names that exist in documentation and on one machine only."""
    labels = domain.lower().rstrip(".").split(".")
    return labels[-1] in _RESERVED or ".".join(labels[-2:]) in _DOCUMENTED


def worst(findings: Sequence[Finding]) -> Light:
    """The light of them all."""
    order = (Light.RED, Light.SILENT, Light.AMBER)
    return next((light for light in order if any(one.light is light for one in findings)), Light.GREEN)


def faults(findings: Sequence[Finding]) -> list[Finding]:
    """What keeps a campaign from going live, unless somebody takes it upon themselves."""
    return [one for one in findings if one.light in (Light.RED, Light.SILENT)]


def faults_mark(findings: Sequence[Finding]) -> str:
    """Changes with the faults: whoever accepted some has not accepted others."""
    known = [(one.about, one.light.value, one.name) for one in faults(findings)]
    return sha256(json.dumps(known).encode()).hexdigest()[:16]


def to_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """As they are stored."""
    return [asdict(one) for one in findings]


def from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """As they were."""
    return tuple(Finding(**{**one, "light": Light(one["light"]), "found": tuple(one["found"])}) for one in stored)


def silence(about: str, name: str) -> Finding:
    """DNS did not answer about a record."""
    words = "DNS did not answer in time. That says nothing about the record itself."
    return Finding(about, Light.SILENT, words, name, mend="Check again in a minute.")


def addresses_of(host: str, ask: Ask) -> tuple[str, ...]:
    """Of a name, or the address itself."""
    if not host:
        return ()
    try:
        return (str(ip_address(host)),)
    except ValueError:
        if "." not in host:
            return ()
    return tuple(one for kind in ("A", "AAAA") for one in ask(host, kind).values)
