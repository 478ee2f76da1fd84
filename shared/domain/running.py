"""The processes that run now, as their heartbeats describe them: what they agree on, and who has fallen silent."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from shared.domain.relays import place_of
from shared.settings import ENVIRONMENT_NAMES, Settings

# A process without a heartbeat for this long is dead, frozen, or cut off from the database.
SILENT_AFTER_S = 60.0
# Settings that lead to wrong letters, links or deletions when processes differ. The broker's address is compared with a
# shell's only: machines may reach the same broker by several.
_COMPARED = (
    "redis_url",
    "secret_key",
    "environment",
    "public_url",
    "mail_relay_url",
    "mail_route",
    "mail_domain",
    "organizer_email",
    "geocoders",
    "keep_days",
)
_SECRET, _BROKER = ENVIRONMENT_NAMES["secret_key"], ENVIRONMENT_NAMES["redis_url"]


class ProcessKind(StrEnum):
    """What a process does; a worker that takes all queues counts as `worker`."""

    WEB = "web"
    WORKER = "worker"
    BACKGROUND = "background"
    SCHEDULER = "scheduler"
    INBOUND = "inbound"
    MAILBOX = "mailbox"


WORKERS = (ProcessKind.WORKER, ProcessKind.BACKGROUND)
# The others act on none of these settings.
_DECIDING = (ProcessKind.WEB, *WORKERS, ProcessKind.INBOUND)


@dataclass(frozen=True)
class ProcessConfig:
    """What matters of a process's settings. `relay` is a place without user and password, empty when none is set.

    `fingerprints` are keyed hashes by environment variable, so that secrets can be compared and never read.
    """

    relay: str
    mail_route: str
    public_url: str
    mail_domain: str
    fingerprints: Mapping[str, str]

    def differs_in(self, other: "ProcessConfig") -> set[str]:
        """The environment variables that differ."""
        names = {name for name, tag in self.fingerprints.items() if other.fingerprints.get(name, tag) != tag}
        if _SECRET not in names:
            return names
        # With another key every hash is another one: only what can be read is compared.
        plain = ("mail_route", "public_url", "mail_domain")
        readable = {ENVIRONMENT_NAMES[name] for name in plain if getattr(self, name) != getattr(other, name)}
        relay = {ENVIRONMENT_NAMES["mail_relay_url"]} if self.relay != other.relay else set()
        return {_SECRET} | readable | relay


@dataclass(frozen=True)
class RunningProcess:
    """One process; its last heartbeat was at `beat_at`, `silent_s` seconds ago by the database's clock."""

    kind: ProcessKind
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    silent_s: float
    config: ProcessConfig

    @property
    def is_alive(self) -> bool:
        """True while its heartbeats arrive."""
        return self.silent_s <= SILENT_AFTER_S

    @property
    def label(self) -> str:
        """How people find it."""
        return f"{self.kind} on {self.host} (pid {self.pid})"


@dataclass(frozen=True)
class RunningInstallation:
    """All processes that sent a heartbeat lately and did not say that they ended."""

    processes: tuple[RunningProcess, ...] = ()

    @property
    def alive(self) -> tuple[RunningProcess, ...]:
        """Those that run."""
        return tuple(one for one in self.processes if one.is_alive)

    @property
    def silent(self) -> tuple[RunningProcess, ...]:
        """Those that fell silent and that no process of their kind has replaced since."""
        return tuple(one for one in self.processes if not one.is_alive and not self._is_replaced(one))

    @property
    def has_worker(self) -> bool:
        """True when letters can leave."""
        return any(one.kind in WORKERS for one in self.alive)

    @property
    def disagreements(self) -> set[str]:
        """The environment variables about which running processes differ."""
        deciding = [one.config for one in self._deciding()]
        found = set().union(*(deciding[0].differs_in(other) for other in deciding[1:])) if deciding else set()
        return found - {_BROKER}

    @property
    def config(self) -> ProcessConfig | None:
        """What the running processes go by; None when none runs. If they differ, one with a relay is believed."""
        ranked = sorted(self._deciding(), key=lambda one: (not one.config.relay, one.kind not in WORKERS))
        return ranked[0].config if ranked else None

    def over(self, given: Settings) -> Settings:
        """These settings as the running processes have them, for telling the truth; they lack the relay's password."""
        config = self.config
        if config is None:
            return given
        return replace(
            given,
            mail_relay_url=config.relay,
            mail_route=config.mail_route,  # type: ignore[arg-type]
            public_url=config.public_url,
            mail_domain=config.mail_domain,
        )

    def _deciding(self) -> list[RunningProcess]:
        return [one for one in self.alive if one.kind in _DECIDING]

    def _is_replaced(self, silent: RunningProcess) -> bool:
        return any(one.kind is silent.kind and one.started_at >= silent.beat_at for one in self.alive)


def config_of(settings: Settings) -> ProcessConfig:
    """What a process with these settings goes by."""
    fingerprints = {ENVIRONMENT_NAMES[name]: _fingerprint(settings, name) for name in _COMPARED}
    relay = place_of(settings.mail_relay_url)
    return ProcessConfig(relay, settings.mail_route, settings.public_url, settings.mail_domain, fingerprints)


def _fingerprint(settings: Settings, name: str) -> str:
    words = f"settings fingerprint\0{name}\0{getattr(settings, name)}"
    return hmac.new(settings.secret_key.encode(), words.encode(), sha256).hexdigest()[:16]
