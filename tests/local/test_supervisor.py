"""The supervisor with small children: restarts, gives up, ends in order, finds the leftovers of a killed run."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.local import processes
from shared.local.processes import LocalError
from shared.local.supervisor import Child, Supervisor

FOREVER = "import time\nwhile True: time.sleep(0.05)"
NOTES_ITS_END = """
import pathlib, signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as file: file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1] + "." + sys.argv[2]).touch()
while True: time.sleep(0.05)
"""
DEAF = """
import signal, sys, pathlib, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script, *arguments)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Supervisor:
    return Supervisor(tmp_path / "var", {}, tmp_path, said.append)


def look_until(supervisor: Supervisor, condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Looks again and again until `condition` holds."""

    def looked() -> bool:
        supervisor.look()
        return condition()

    assert processes.wait_until(looked, seconds)


def test_children_end_in_the_opposite_order(supervisor: Supervisor, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    for name in ("first", "second", "third"):
        supervisor.start(Child(name, python(NOTES_ITS_END, str(notes), name)))
        assert processes.wait_until((tmp_path / f"notes.{name}").exists, 10)
    supervisor.stop_all()
    assert notes.read_text().split() == ["third", "second", "first"]
    assert not list((tmp_path / "var" / "run").glob("*.pid"))


def test_a_deaf_child_is_killed_in_time(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Child("deaf", python(DEAF, str(tmp_path / "up")), stop_seconds=0.3))
    assert processes.wait_until((tmp_path / "up").exists, 10)
    pid_file = tmp_path / "var" / "run" / "child-deaf.pid"
    process = processes.recorded(pid_file)
    assert process is not None
    supervisor.stop_all()
    assert processes.exit_code(process.pid) == -signal.SIGKILL


def test_a_crash_is_named_and_the_child_started_again(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    supervisor.start(Child("web", python(FOREVER)))
    file = tmp_path / "var" / "run" / "child-web.pid"
    before = processes.recorded(file)
    assert before is not None
    before.kill()
    look_until(supervisor, lambda: (again := processes.recorded(file)) is not None and again.pid != before.pid)
    supervisor.stop_all()
    assert said == [
        f"The web process stopped (by SIGKILL); starting it again in 1 s. Its log: {tmp_path}/var/log/web.log"
    ]


def test_three_quick_crashes_end_everything(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(Child("worker", python("print('no such thing'); raise SystemExit(3)")))
    with pytest.raises(LocalError, match="The worker process stopped 3 times in a row"):
        look_until(supervisor, lambda: False)
    supervisor.stop_all()
    assert [line.split(";")[0] for line in said] == ["The worker process stopped (exit status 3)"] * 2
    assert "no such thing" in supervisor.log_file("worker").read_text()


def test_a_child_that_runs_once_may_fail(supervisor: Supervisor, said: list[str]) -> None:
    codes: list[int] = []
    supervisor.start(Child("setup", python("raise SystemExit(1)"), once=True, on_end=codes.append))
    look_until(supervisor, lambda: bool(codes))
    supervisor.look()
    supervisor.stop_all()
    assert codes == [1]
    assert said == []


def test_leftovers_of_a_killed_run_are_ended(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Child("web", python(FOREVER)))
    process = processes.recorded(tmp_path / "var" / "run" / "child-web.pid")
    assert process is not None
    next_run = Supervisor(tmp_path / "var", {}, tmp_path, print)
    next_run.end_leftovers()
    assert processes.exit_code(process.pid) == -signal.SIGTERM


def test_a_recycled_pid_is_left_alone(tmp_path: Path) -> None:
    bystander = processes.spawn(python(FOREVER), log=tmp_path / "log")
    file = tmp_path / "child-web.pid"
    file.write_text(f"{bystander.pid} 12345.0 {file}\n")
    processes.end(file, seconds=1)
    assert bystander.poll() is None
    processes.record(file, bystander.pid)
    copy = tmp_path / "copy.pid"
    copy.write_text(file.read_text())
    assert processes.recorded(copy) is None
    processes.end(file)
    assert bystander.poll() == -signal.SIGTERM


def test_asking_twice_hurries(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Child("deaf", python(DEAF, str(tmp_path / "up")), stop_seconds=60))
    assert processes.wait_until((tmp_path / "up").exists, 10)
    supervisor._on_signal(signal.SIGINT, None)
    assert supervisor.stopping.is_set()
    assert not supervisor.hurry.is_set()
    threading.Timer(0.2, lambda: supervisor._on_signal(signal.SIGINT, None)).start()
    supervisor.stop_all()
    assert supervisor.hurry.is_set()
