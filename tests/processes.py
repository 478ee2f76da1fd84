"""Real web and worker processes for tests and measurements: started here, ended here, by process id."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.paths import ROOT
from shared.queue.names import QueueName
from shared.settings import ENVIRONMENT_NAMES, Settings
from tests.forks import Running, fork

_STOP_SECONDS = 30
_OURS = ("--http", "1", "--backlog", "4096", "--backpressure", "4096")
# Of a WSGI app that Granian runs by itself.
_THREADS = ("--blocking-threads", "8")
ALL_QUEUES = tuple(QueueName)


def environment(settings: Settings, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child needs to see the same settings."""
    env = dict(os.environ)
    env |= {name: str(getattr(settings, field)) for field, name in ENVIRONMENT_NAMES.items()}
    return {name: value for name, value in (env | dict(more or {})).items() if value}


def start_worker(
    settings: Settings, log: Path, *, queues: Sequence[QueueName] = ALL_QUEUES, threads: int = 2
) -> "subprocess.Popen[bytes]":
    """A worker process as `Procfile` starts it."""
    return _start(_worker(queues, threads), settings, log, None)


def fork_worker(settings: Settings, log: Path, *, threads: int = 2, more: Mapping[str, str] | None = None) -> Running:
    """The same for all queues, forked from a process that has imported its modules."""
    return fork(_worker(ALL_QUEUES, threads), environment(settings, more), log)


def _worker(queues: Sequence[QueueName], threads: int) -> list[str]:
    names = ",".join(queue.value for queue in queues)
    command = ["celery", "-A", "worker.app", "worker", "-Q", names, "--pool", "threads", "-c", str(threads)]
    return [*command, "--without-mingle", "--without-gossip"]


def start_web(
    settings: Settings,
    log: Path,
    port: int,
    *,
    processes: int = 2,
    app: str = "web.wsgi:app",
    more: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """The web tier as `Procfile` starts it, on loopback; or another `app` in the same way."""
    return _start(_web(port, processes, app), settings, log, more)


def fork_web(settings: Settings, log: Path, port: int, *, processes: int, more: Mapping[str, str]) -> Running:
    """The same, forked from a process that has imported its modules."""
    return fork(_web(port, processes, "web.wsgi:app"), environment(settings, more), log)


def _web(port: int, processes: int, app: str) -> list[str]:
    ours = app == "web.wsgi:app"
    command = ["granian", "--interface", "rsgi" if ours else "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), *(_OURS if ours else _THREADS)]
    command += [
        "--workers",
        str(processes),
        "--respawn-failed-workers",
        "--respawn-interval",
        "0.5",
        "--no-ws",
        "--workers-kill-timeout",
        "10",
    ]
    return [*command, app]


def stop(process: Running) -> int:
    """Asks the process's group to end and waits; its exit code."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    return process.wait(_STOP_SECONDS)


def _start(
    module: Sequence[str], settings: Settings, log: Path, more: Mapping[str, str] | None
) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env=environment(settings, more),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
