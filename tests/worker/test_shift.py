"""One kind of work in one process: never more runs at once than allowed, and no bell unheard."""

import threading

import pytest

from worker.shift import Shift


def test_a_bell_during_work_is_heard_after_it() -> None:
    runs: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        runs.append(1)
        begun.set()
        go_on.wait(5)

    shift = Shift(work, 1)
    first = threading.Thread(target=shift)
    first.start()
    begun.wait(5)
    shift()
    shift()
    assert len(runs) == 1
    go_on.set()
    first.join(5)
    assert len(runs) == 2


def test_never_more_at_once_than_allowed() -> None:
    at_work = most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.01)
        with lock:
            at_work -= 1

    shift = Shift(work, 2)
    threads = [threading.Thread(target=shift) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert most == 2


def test_work_that_fails_frees_its_place() -> None:
    def fail() -> None:
        raise ValueError("broken")

    shift = Shift(fail, 1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            shift()
