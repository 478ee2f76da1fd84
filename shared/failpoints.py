"""Places where tests make a process die, freeze or fail. Off unless a composition root switches one on."""

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from shared.errors import SettingsError

VARIABLE = "DEARREP_FAILPOINT"
FAILPOINTS = (
    "accept.before_commit",
    "accept.after_commit",
    "prepare.claimed",
    "prepare.before_letters",
    "deliver.before_claim",
    "deliver.claimed",
    "deliver.connected",
    "deliver.after_rcpt",
    "deliver.before_dot",
    "deliver.after_dot",
    "deliver.after_250",
    "deliver.before_record",
    "deliver.after_record",
    "sweep.mending",
)
_ACTIONS = ("kill9", "freeze", "raise")
_DEATH_SECONDS = 60


class InjectedFault(Exception):
    """The failpoint's own exception."""


@dataclass
class _Armed:
    name: str
    action: str
    passes: int


_lock = threading.Lock()
_armed: list[_Armed] = []
# Read at every failpoint when named, so that a test can arm a running process.
_file: Path | None = None


def arm_from_environment(environment: str) -> None:
    """Arms what DEARREP_FAILPOINT asks for; raises SettingsError in production. Composition roots only."""
    wanted = os.environ.get(VARIABLE, "").strip()
    if wanted and environment == "production":
        raise SettingsError(f"{VARIABLE} is for tests. Take it out of the environment.")
    arm(wanted)


def arm(text: str) -> None:
    """`name:action` or `name:action:N` (at the Nth pass), or `@FILE` that holds one; raises SettingsError."""
    global _file  # noqa: PLW0603 - one process, one set of failpoints
    _file = Path(text[1:]) if text.startswith("@") else None
    _armed[:] = [] if _file or not text else [_read(text)]


def failpoint(name: str) -> None:
    """Does here what a test has armed; nothing otherwise."""
    if _file is None and not _armed:
        return
    with _lock:
        _take_from_file(name)
        due = [one for one in _armed if one.name == name]
        for one in due:
            one.passes -= 1
    for one in due:
        if one.passes == 0:
            _act(one.action)


def _take_from_file(name: str) -> None:
    """The first process that passes the place named in the file takes the order, and is the one to obey it."""
    if _file is None:
        return
    with contextlib.suppress(FileNotFoundError):
        text = _file.read_text(encoding="ascii").strip()
        if text.partition(":")[0] == name:
            _file.rename(_file.with_suffix(".taken"))
            _armed.append(_read(text))


def _read(text: str) -> _Armed:
    name, _, rest = text.partition(":")
    action, _, passes = rest.partition(":")
    if name not in FAILPOINTS or action not in _ACTIONS or not (passes or "1").isdigit():
        raise SettingsError(f"{VARIABLE}: “{text}” is no failpoint.")
    return _Armed(name, action, int(passes or 1))


def _act(action: str) -> None:
    if action == "raise":
        raise InjectedFault
    os.kill(os.getpid(), signal.SIGKILL if action == "kill9" else signal.SIGSTOP)
    if action == "kill9":
        time.sleep(_DEATH_SECONDS)
