"""What people read about the processes that run: where mail goes, what differs from this shell, who is missing."""

from collections.abc import Iterable

from shared.domain.findings import Finding
from shared.domain.pace_words import time_words
from shared.domain.relays import place_of
from shared.domain.running import ProcessConfig, ProcessKind, RunningInstallation, RunningProcess, config_of
from shared.settings import ENVIRONMENT_NAMES, Settings

NOTHING_RUNS = "Nothing is running, so this can only say what this shell's settings say."
NO_WORKER = "No worker is running: nothing leaves until one starts."
_START = "Start `make run`, or the lines of Procfile."
_RELAY = ENVIRONMENT_NAMES["mail_relay_url"]


def place_words(url: str) -> str:
    """`mail.example:587` of a relay's address."""
    return place_of(url).partition("://")[2]


def installation_words(running: RunningInstallation, told: Settings) -> str:
    """How many processes run, since when, and where mail goes.

    `told` are the settings as the running processes have them, with a relay that was entered in the console.
    """
    count = len(running.alive)
    started = min(one.started_at for one in running.alive)
    processes = f"{count} process{'es' if count > 1 else ''}, started {started:%H:%M} UTC"
    sends = f"sends through {place_words(told.mail_relay_url)}" if told.relay_configured else "has no mail relay"
    return f"The running installation ({processes}) {sends}."


def shell_words(running: RunningInstallation, given: Settings, told: Settings) -> str:
    """What the running processes do, where the environment of this shell says otherwise; empty where it does not."""
    differing = running.config.differs_in(config_of(given)) if running.config else set()
    if not differing:
        return ""
    names = sorted(differing - {_RELAY})
    if _RELAY in differing:
        names.insert(0, f"relay {place_words(given.mail_relay_url)}" if given.relay_configured else "no relay")
    return f"{installation_words(running, told)} This shell's settings differ: {', '.join(names)}."


def disagreement_words(running: RunningInstallation) -> str:
    """What the running processes differ in, and the relay of each if it is that; empty when they agree."""
    differing = running.disagreements
    if not differing:
        return ""
    words = f"The running processes differ in {', '.join(sorted(differing))}."
    if _RELAY in differing:
        relays = (f"{one.label}: {_relay_of(one.config)}" for one in running.alive)
        words += f" Mail relays: {'; '.join(relays)}."
    return words


def process_findings(running: RunningInstallation) -> list[Finding]:
    """Which processes run, which fell silent, and whether they agree."""
    if not running.alive:
        return [Finding("processes", "nothing is running", _START)]
    findings = [_silent(one) for one in running.silent]
    if missing := _missing(running):
        findings.append(Finding("processes", missing, _START))
    if words := disagreement_words(running):
        advice = "Give all processes the same settings, then restart them."
        findings.append(Finding("processes", words, advice))
    versions = sorted({one.version for one in running.alive})
    if len(versions) > 1:
        words = f"several versions run: {', '.join(versions)}"
        findings.append(Finding("processes", words, "Restart the processes that still run an older version."))
    return findings or [Finding("processes", f"{_counted(one.kind for one in running.alive)} running")]


def host_findings(running: RunningInstallation, host: str) -> list[Finding]:
    """Whether the processes of one machine, or of one container, send their heartbeats."""
    mine = RunningInstallation(tuple(one for one in running.processes if one.host == host))
    if not mine.alive:
        return [Finding("processes", f"nothing is running on {host}", _START)]
    return [_silent(one) for one in mine.silent] or [
        Finding("processes", f"{_counted(one.kind for one in mine.alive)} running on {host}")
    ]


def _silent(one: RunningProcess) -> Finding:
    words = f"{one.label} has sent no heartbeat for {time_words(one.silent_s)}"
    return Finding("processes", words, "It has stopped, is stuck, or can't reach the database. Restart it.")


def _missing(running: RunningInstallation) -> str:
    if not running.has_worker:
        return NO_WORKER
    web = any(one.kind is ProcessKind.WEB for one in running.alive)
    return "" if web else "No web process is running: the pages are unavailable."


def _counted(kinds: Iterable[ProcessKind]) -> str:
    listed = list(kinds)
    counts = {kind: listed.count(kind) for kind in ProcessKind if kind in listed}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def _relay_of(config: ProcessConfig) -> str:
    return place_words(config.relay) or "none"
