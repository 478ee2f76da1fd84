"""Real web and worker processes that tests kill, freeze and restart. Ended by process id, always."""

import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from sqlalchemy import Engine, text

from shared.failpoints import VARIABLE
from shared.settings import Settings
from tests.forks import Running
from tests.processes import fork_web, fork_worker
from tests.waiting import wait_until

_START_SECONDS = 30.0
# The web server ends as a whole, for its process manager to see, when a new process of it dies within 5.5 s.
_CRASH_LOOP_SECONDS = 7.0
WEB = 2
# Each process also logs that its runtime started.
_STARTED = re.compile(r"Started worker-\d+$", re.MULTILINE)
# Nothing is at work and nothing is due soon: letters rest in a state that only time or a person changes.
_RESTLESS = text(
    "SELECT (SELECT count(*) FROM submission WHERE state IN ('draft', 'looking_up')"
    " OR (state = 'ready' AND accepted_at IS NOT NULL AND expected_letters IS NULL))"
    " + (SELECT count(*) FROM letter WHERE state IN ('queued', 'deferred', 'sending'))"
    " + (SELECT count(*) FROM receipt WHERE outcome = 'waiting')"
    " + (SELECT count(*) FROM domain_answer WHERE goes_back)"
    " + (SELECT count(*) FROM submission WHERE erase_requested_at IS NOT NULL AND scrubbed_at IS NULL) AS number"
)


@dataclass
class Fleet:
    """`workers` run the Procfile's command with the test's timing; each failpoint order is taken by one process."""

    settings: Settings
    folder: Path
    engine: Engine
    workers: list[Running] = field(default_factory=list)
    web: Running | None = None
    url: str = ""
    _web_deaths: int = 0
    _web_died_at: float = 0.0

    @property
    def order(self) -> Path:
        """The file that arms a failpoint in whichever process passes it first."""
        return self.folder / "failpoint.order"

    def arm(self, failpoint: str) -> None:
        """Orders a fault: `name:action[:N]`."""
        waiting = self.order.with_suffix(".new")
        waiting.write_text(failpoint, encoding="ascii")
        waiting.rename(self.order)

    def disarm(self) -> bool:
        """Takes the order back; True when no process had passed the place."""
        with contextlib.suppress(FileNotFoundError):
            self.order.unlink()
            return True
        return False

    def start_worker(self) -> Running:
        """One more worker for all queues."""
        more = {VARIABLE: f"@{self.order}"}
        worker = fork_worker(self.settings, self.folder / "worker.log", threads=4, more=more)
        self.workers.append(worker)
        return worker

    def start_web(self) -> None:
        """The web tier on a free port, ready to answer."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        more = {VARIABLE: f"@{self.order}"}
        self.web = fork_web(self.settings, self.folder / "web.log", port, processes=WEB, more=more)
        self.url = f"http://127.0.0.1:{port}"
        wait_until(self._web_answers, _START_SECONDS, f"the web tier; {self.folder}/web.log")

    def mend(self, number: int) -> None:
        """Wakes whatever is frozen and replaces whatever died."""
        for process in [*self.workers, *([self.web] if self.web else [])]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGCONT)
        self.replace_dead(number)

    def replace_dead(self, number: int) -> None:
        """What a process manager does: as many workers as there should be."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < number:
            self.start_worker()

    def kill_workers(self) -> None:
        """Ends all workers at once."""
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(10)

    def web_is_whole(self) -> bool:
        """True when the web tier answers, and whatever was killed was replaced by what answers too."""
        log = (self.folder / "web.log").read_text(errors="replace")
        spawned, started = log.count("Spawning worker-"), len(_STARTED.findall(log))
        died = log.count("Unexpected exit from worker-")
        if died != self._web_deaths:
            self._web_deaths, self._web_died_at = died, time.monotonic()
        is_safe = not died or time.monotonic() - self._web_died_at > _CRASH_LOOP_SECONDS
        return spawned == started == WEB + died and is_safe and self._web_answers()

    def stop(self) -> None:
        """Ends every process of this fleet."""
        for process in [*self.workers, *([self.web] if self.web else [])]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        self.workers.clear()

    def restless(self) -> int:
        """How many submissions and letters still have something ahead of them that needs no person."""
        with self.engine.connect() as connection:
            return int(connection.scalar(_RESTLESS) or 0)

    def settle(self, seconds: float) -> bool:
        """Waits until everything rests, as a process manager would watch; False when it does not in time."""
        workers = max(1, len(self.workers))

        def rests() -> bool:
            self.replace_dead(workers)
            return self.restless() == 0

        with contextlib.suppress(TimeoutError):
            wait_until(rests, seconds, "rest")
            return True
        return False

    def _web_answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/health/live", timeout=1).ok
        return False


@contextmanager
def fleet(settings: Settings, folder: Path, engine: Engine, *, workers: int) -> Iterator[Fleet]:
    """Workers for as long as the block runs."""
    running = Fleet(settings, folder, engine)
    try:
        for _ in range(workers):
            running.start_worker()
        yield running
    finally:
        running.stop()
