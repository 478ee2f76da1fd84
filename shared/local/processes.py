"""Starts, watches and ends child processes by pid; a record on disk outlives us. Never signals by name."""

import atexit
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from shared.errors import DearRepError

_POLL_SECONDS = 0.05
# A recycled pid has another start time; clocks of the kernel and psutil agree to the hundredth of a second.
_SAME_START_SECONDS = 0.5
# Held so that ended children are reaped, and because a server may outlive the command that started it.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


class LocalError(DearRepError):
    """Something on this machine keeps the local servers from running; the text says what, and how to mend it."""


@dataclass(frozen=True)
class ServerUser:
    """The unprivileged account that a server runs under when we are root."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    user: ServerUser | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own, so that Ctrl-C reaches only us, with its output in `log`."""
    _reap()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    _CHILDREN[child.pid] = child
    return child


@atexit.register
def _reap() -> None:
    """Takes note of children that have ended, so that none stays a zombie."""
    for child in _CHILDREN.values():
        child.poll()


def record(file: Path, pid: int) -> None:
    """Writes down pid and start time, so that a later run knows the process again for sure."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(psutil.NoSuchProcess):
        file.write_text(f"{pid} {psutil.Process(pid).create_time()} {file.resolve()}\n")


def recorded(file: Path) -> psutil.Process | None:
    """The living process that `file` tells of; None when it has ended or its pid belongs to another now."""
    try:
        pid, started, written_at = file.read_text().strip().split(" ", 2)
        if Path(written_at) != file.resolve():
            # Copied here with the whole folder: the process belongs to the original.
            return None
        if int(pid) in _CHILDREN and _CHILDREN[int(pid)].poll() is not None:
            return None
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(started)) < _SAME_START_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, psutil.Error):
        return None


def exit_code(pid: int) -> int | None:
    """The exit status of a child of ours, negative for a signal; None while it runs."""
    return _CHILDREN[pid].poll()


def end(
    file: Path,
    *,
    first: signal.Signals = signal.SIGTERM,
    seconds: float = 10.0,
    hurry: Callable[[], bool] = lambda: False,
) -> None:
    """Ends the recorded process: asks with `first`, waits (until `hurry`), then kills its whole process group."""
    process = recorded(file)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(first)
        wait_until(lambda: recorded(file) is None or hurry(), seconds)
        if recorded(file) is not None:
            _kill_group(process.pid)
            wait_until(lambda: recorded(file) is None, 5.0)
    file.unlink(missing_ok=True)


def _kill_group(pid: int) -> None:
    """Kills the process and, when it leads a group of its own, everything it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """True as soon as `condition` holds, False when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def size(log: Path) -> int:
    """How much is in the log now, to read later only what came after."""
    return log.stat().st_size if log.exists() else 0


def last_line(log: Path, *, after: int = 0, marks: tuple[str, ...] = ()) -> str:
    """The last line a process wrote, for an error that names the log; one that holds a mark comes first."""
    try:
        with log.open("rb") as file:
            file.seek(after)
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if any(mark in line for mark in marks)]
    return next(reversed(marked or lines), "")
