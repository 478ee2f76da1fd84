"""Keeps the child processes of `dearrep up` running, and ends them in order. Knows nothing of what they do."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.local import processes
from shared.local.processes import LocalError
from shared.local.servers import LocalServers

# A child that lived longer had a reason of its own to end; one that did not will hardly start by more tries.
_QUICK_SECONDS = 30.0
_QUICK_CRASHES = 3
_LOOK_SECONDS = 0.25
_LOG_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Child:
    """One process to keep. `once` ends by itself, and its failure stops nothing."""

    name: str
    command: tuple[str, ...]
    stop_seconds: float = 10.0
    once: bool = False
    on_end: Callable[[int], None] | None = None


@dataclass
class _Watched:
    child: Child
    pid: int = 0
    started: float = 0.0
    quick_crashes: int = 0
    due: float = 0.0
    ended: bool = False


@dataclass
class Supervisor:
    """Starts, watches, restarts and ends children; `say` prints one line to the person."""

    var: Path
    env: Mapping[str, str]
    cwd: Path
    say: Callable[[str], None]
    stopping: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._watched: list[_Watched] = []
        self._server_falls: list[float] = []

    def listen_for_signals(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal ask for the end; a second one ends at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        del number, frame
        (self.hurry if self.stopping.is_set() else self.stopping).set()

    def log_file(self, name: str) -> Path:
        """Where the child's output goes."""
        return self.var / "log" / f"{name}.log"

    def end_leftovers(self) -> None:
        """Ends the children of a run that was killed. Call it only as the one supervisor of this checkout."""
        for file in sorted((self.var / "run").glob("child-*.pid")):
            processes.end(file, seconds=5.0)

    def start(self, child: Child) -> None:
        """Starts a child and watches it from now on."""
        watched = _Watched(child)
        self._watched.append(watched)
        self._launch(watched)

    def _launch(self, watched: _Watched) -> None:
        log = self.log_file(watched.child.name)
        if processes.size(log) > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        process = processes.spawn(watched.child.command, log=log, env=self.env, cwd=self.cwd)
        processes.record(self._pid_file(watched.child), process.pid)
        watched.pid, watched.started, watched.due = process.pid, time.monotonic(), 0.0

    def _pid_file(self, child: Child) -> Path:
        return self.var / "run" / f"child-{child.name}.pid"

    def look(self, servers: LocalServers | None = None) -> None:
        """Looks once at everything; raises LocalError when something can't be kept running."""
        if servers is not None:
            self._look_at_servers(servers)
        for watched in self._watched:
            if watched.ended:
                continue
            if watched.due:
                if time.monotonic() >= watched.due:
                    self._launch(watched)
            elif (code := processes.exit_code(watched.pid)) is not None:
                self._on_end(watched, code)

    def _on_end(self, watched: _Watched, code: int) -> None:
        child = watched.child
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(watched.pid, signal.SIGKILL)
        self._pid_file(child).unlink(missing_ok=True)
        if child.once:
            watched.ended = True
            if child.on_end is not None:
                child.on_end(code)
            return
        quick = time.monotonic() - watched.started < _QUICK_SECONDS
        watched.quick_crashes = watched.quick_crashes + 1 if quick else 1
        log = self.log_file(child.name)
        if watched.quick_crashes >= _QUICK_CRASHES:
            raise LocalError(f"The {child.name} process stopped {_QUICK_CRASHES} times in a row. Its log: {log}")
        pause = 2 ** (watched.quick_crashes - 1)
        watched.due = time.monotonic() + pause
        self.say(f"The {child.name} process stopped ({_ending(code)}); starting it again in {pause} s. Its log: {log}")

    def _look_at_servers(self, servers: LocalServers) -> None:
        fallen = servers.fallen()
        if not fallen:
            return
        now = time.monotonic()
        self._server_falls = [at for at in self._server_falls if now - at < _QUICK_SECONDS * _QUICK_CRASHES] + [now]
        if len(self._server_falls) >= _QUICK_CRASHES:
            raise LocalError(f"The {fallen} stopped {_QUICK_CRASHES} times in a row. Its log: {self.log_file(fallen)}")
        self.say(f"The {fallen} process stopped; starting it again. Its log: {self.log_file(fallen)}")
        servers.restart_fallen()

    def watch(self, servers: LocalServers | None = None) -> None:
        """Looks after everything until someone asks to stop."""
        while not self.stopping.wait(_LOOK_SECONDS):
            self.look(servers)

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Waits for `condition` while looking after the children; False when stopped or too late."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self.stopping.wait(_LOOK_SECONDS):
                return False
            self.look()
        return True

    def stop_all(self) -> None:
        """Ends the children, first started last, each with its time and then by force."""
        for watched in reversed(self._watched):
            if watched.pid and not watched.ended and not watched.due:
                seconds = 0.5 if self.hurry.is_set() else watched.child.stop_seconds
                processes.end(self._pid_file(watched.child), seconds=seconds, hurry=self.hurry.is_set)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(watched.pid, signal.SIGKILL)
        self._watched.clear()


def _ending(code: int) -> str:
    """How a process ended, in words."""
    return f"exit status {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
