"""CPU time of trees of processes, and what everybody else on the machine used meanwhile."""

import contextlib
import time

import psutil


def tree_seconds(pid: int) -> float:
    """What a process, its living descendants and those it has already buried have used."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_seconds(one) for one in family)


class Neighbors:
    """Measures from its making on how much of the machine was used by others than this process's tree."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._machine, self._ours = _machine_seconds(), tree_seconds(psutil.Process().pid)

    def share(self) -> float:
        """Percent of all cores."""
        elapsed = (time.monotonic() - self._began) * (psutil.cpu_count() or 1)
        ours = tree_seconds(psutil.Process().pid) - self._ours
        return max(0.0, (_machine_seconds() - self._machine - ours) / elapsed * 100)


def _machine_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _seconds(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0
