"""Processes forked by `tests/fork_server.py`, asked as those of `subprocess` are."""

import functools
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from shared.paths import ROOT

_LOOK_S = 0.01
_NUMBERS = itertools.count()


class Running(Protocol):
    """A process that was started here."""

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; raises TimeoutExpired."""


class Forked:
    """A process whose exit code its fork server's minder writes down."""

    def __init__(self, pid: int, ended: Path, command: Sequence[str]) -> None:
        self.pid = pid
        self._ended, self._command = ended, command

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        try:
            return int(self._ended.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; raises TimeoutExpired."""
        ends = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > ends:
                raise subprocess.TimeoutExpired(list(self._command), timeout or 0.0)
            time.sleep(_LOOK_S)
        return code


class _Server:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log.touch()
        ended = log.with_name(f"ended-{next(_NUMBERS)}")
        order = {
            "command": list(command),
            "environment": dict(environment),
            "log": str(log.absolute()),
            "folder": str(ROOT),
            "ended": str(ended.absolute()),
        }
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()), ended, command)


@functools.cache
def _server(_pid: int) -> _Server:
    return _Server()


def fork(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
    """Starts what `python -m` would start with this command, by the server of this test process."""
    return _server(os.getpid()).start(command, environment, log)
