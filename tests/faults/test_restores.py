"""A dump is restored into the database of a fleet that has sent its letters meanwhile, and that may be at work."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from shared.db.installation import read_switches
from shared.services.delivery.restored import accept_database, report_hold
from tests.backups import dump_database, restore_dump
from tests.faults.conftest import Stack
from tests.faults.test_workers import check, everything_paused, write
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
PEOPLE = 15


def held(stack: Stack) -> bool:
    with stack.engine.connect() as connection:
        return read_switches(connection).hold_reason != ""


def copies(stack: Stack) -> set[int]:
    """How often the mail server took each email, letters and emails to supporters alike."""
    return set(stack.sink.accepted.values())


def restore_beside_workers(stack: Stack, dump: Path) -> None:
    """Workers that are at work may win a deadlock against a restore, which an operator then repeats."""
    for _ in range(10):
        with contextlib.suppress(AssertionError):
            return restore_dump(stack.postgres, dump)
    return restore_dump(stack.postgres, dump)


def end_workers(stack: Stack, how: signal.Signals) -> None:
    for worker in stack.fleet.workers:
        os.killpg(worker.pid, how)
        worker.wait(30)


@pytest.mark.parametrize("fleet", ["at work", "stopped", "killed"])
def test_a_restored_dump_sends_nothing_twice(stack: Stack, tmp_path: Path, fleet: str) -> None:
    with everything_paused(stack):
        write(stack, PEOPLE)
        wait_until(lambda: len(stack.states()) == 2 * PEOPLE, 40, "the letters")
        dump = dump_database(stack.postgres, tmp_path / "dump")
    check(stack, 2 * PEOPLE)
    if fleet != "at work":
        end_workers(stack, signal.SIGTERM if fleet == "stopped" else signal.SIGKILL)
    restore_beside_workers(stack, dump)
    stack.fleet.mend(2)
    with stack.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE installation SET is_paused = false")
    wait_until(lambda: held(stack), 40, "the hold")
    write(stack, 2, "new")
    wait_until(lambda: len(stack.states()) == 2 * PEOPLE + 4, 40, "letters that are accepted meanwhile")
    wait_until(lambda: report_hold(stack.engine).known == 2 * PEOPLE, 40, "word of what left")
    accept_database(stack.engine, actor="test")
    check(stack, 2 * PEOPLE + 4)
    assert copies(stack) == {1}
