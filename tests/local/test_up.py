"""`dearrep up` as a person runs it: everything starts, says where it is, survives crashes, stops, and starts again."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest

from shared.local import processes
from shared.local.broker import EmbeddedBroker, free_port
from shared.local.servers import LocalServers
from shared.paths import ROOT

START_SECONDS = 90.0


class Run:
    """One `dearrep up` in a folder of its own."""

    def __init__(self, var: Path, *arguments: str) -> None:
        self.said = var.parent / f"said-{free_port()}"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        command = [sys.executable, "-m", "shared.cli.main", "up", "--no-download", *arguments]
        self.env = {**kept, "DEARREP_VAR": str(var), "PYTHONPATH": str(ROOT)}
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.env,
                start_new_session=True,
            )

    def doctor(self) -> str:
        """What another shell is told about the processes, whose environment names nothing but the folder."""
        command = [sys.executable, "-m", "shared.cli.main", "doctor", "--part", "processes"]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False).stdout

    def words(self) -> str:
        return self.said.read_text()

    def wait_for(self, words: str) -> None:
        ended = processes.wait_until(lambda: words in self.words() or self.process.poll() is not None, START_SECONDS)
        assert ended
        assert words in self.words(), self.words()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def var(engine_room: Path) -> Path:
    """A short path, so that it serves root and others alike."""
    folder = engine_room / "up"
    folder.mkdir(exist_ok=True)
    return folder / "var"


def processes_of(var: Path) -> list[int]:
    files = [*(var / "run").glob("child-*.pid"), var / "broker" / "server.pid"]
    return [process.pid for file in files if (process := processes.recorded(file)) is not None]


def database_of(var: Path) -> str:
    postgres = LocalServers(var).postgres
    assert postgres is not None
    return postgres.url()


def heartbeats_of(var: Path) -> list[str]:
    with psycopg.connect(database_of(var)) as connection:
        return [name for (name,) in connection.execute("SELECT id FROM process_heartbeat")]


def a_minute_later(var: Path, heartbeats: list[str]) -> None:
    with psycopg.connect(database_of(var)) as connection:
        later = "UPDATE process_heartbeat SET beat_at = beat_at - interval '1 minute' WHERE id = ANY(%s)"
        connection.execute(later, [heartbeats])


def test_everything_starts_stops_and_starts_again(var: Path) -> None:
    port = free_port()
    run = Run(var, "--port", str(port))
    try:
        run.wait_for("Stop with Ctrl-C")
        words = run.words()
        page = re.search(r"Campaign page\s+(\S+)", words)
        assert page is not None
        assert f":{port}/c/cooperative-ma" in page[1]
        assert re.search(r"one-time password \S{12,}", words)
        with urllib.request.urlopen(page[1], timeout=10) as answer:
            assert "Cooperative Massachusetts" in answer.read().decode()
        assert "Practice data are in use" in words
        assert len(processes_of(var)) == 5
        assert "1 web, 1 worker, 1 scheduler, 1 mailbox running" in run.doctor()

        second = Run(var)
        assert second.process.wait(30) == 1
        assert second.words() == f"Dear Rep already runs from this folder, at http://127.0.0.1:{port}.\n"

        web = processes.recorded(var / "run" / "child-web.pid")
        assert web is not None
        web.kill()
        run.wait_for("The web process stopped (by SIGKILL); starting it again")
    finally:
        status = run.stop()
    assert status == 0
    assert run.words().rstrip().endswith("`make run` starts again.")
    assert processes_of(var) == []

    again = Run(var, "--port", str(port))
    again.wait_for("Stop with Ctrl-C")
    again.process.kill()
    again.process.wait(10)
    assert processes_of(var)
    killed = heartbeats_of(var)
    third = Run(var, "--port", str(port))
    try:
        third.wait_for("Stop with Ctrl-C")
        a_minute_later(var, killed)
    finally:
        assert third.stop(signal.SIGTERM) == 0
    assert processes_of(var) == []
    # What was killed counts as running for a minute; every other process said that it ended.
    assert "nothing is running" in third.doctor()


def test_a_busy_port_is_named(var: Path, broker_server: EmbeddedBroker) -> None:
    port = broker_server.port
    run = Run(var, "--port", str(port))
    assert run.process.wait(30) == 1
    assert run.words() == f"Port {port} is taken by another program. Choose one: make run PORT={port + 1}\n"
