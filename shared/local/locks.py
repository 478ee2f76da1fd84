"""Locks of one checkout, held by the kernel: a process that is killed lets go of them."""

import fcntl
import os
from pathlib import Path

from shared.local.processes import LocalError


class FileLock:
    """One lock file, held exclusively or shared. Child processes do not inherit it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Takes the lock, or changes its kind; False when `wait` is off and others hold it."""
        if self._descriptor is None:
            self._descriptor = self._open()
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Lets go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LocalError(
                f"{self._file} can't be written ({error.strerror}). Run this as the user who ran it first, "
                "or name another folder in DEARREP_VAR."
            ) from None
