"""What a process did with its claimed letters, on a local disk: proof for whoever tidies up after its death.

One file for each run of deliveries, held under flock while its owner lives, so that only a dead owner's file is read.
A line is written before the next step is taken; it survives the process without fsync, and the machine with it.
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
_SUFFIX = ".journal"


class Step(StrEnum):
    """How far one email came: taken in hand, its final dot about to be sent, the server's answer read."""

    HAND = "hand"
    DOT = "dot"
    END = "end"


@dataclass(frozen=True)
class Item:
    """One attempt for one email: `kind` is its table, `id` its row."""

    kind: str
    id: int
    attempt: int


@dataclass(frozen=True)
class Entry:
    """The last step known of an item; after END the verdict, cause and reply that the server's answer meant."""

    step: Step
    verdict: str = ""
    cause: str = ""
    reply: str = ""


@dataclass
class JournalRecord:
    """What a dead owner left behind. `same_boot` says that nothing written can have been lost."""

    name: str
    same_boot: bool
    entries: dict[Item, Entry] = field(default_factory=dict)


class Journal:
    """An open journal. One thread at a time; `name` goes with a claim, so that the file can be found again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._open()

    def hand(self, item: Item) -> None:
        """The email is taken in hand; a crash from here on is this one's."""
        self._write(Step.HAND, item)

    def dot(self, item: Item) -> None:
        """The final dot goes out next; from here on the server may have taken it."""
        self._write(Step.DOT, item)

    def end(self, item: Item, verdict: str, cause: str, reply: str) -> None:
        """The outcome is known."""
        self._write(Step.END, item, verdict, cause, reply)

    def sync(self) -> None:
        """Puts what is written on the disk; called before outcomes are committed."""
        os.fdatasync(self._file)

    def clear(self) -> None:
        """All outcomes are committed: the journal begins anew, under another name.

        The old name must say nothing any more: in a restored backup rows may still be claimed by it.
        """
        old, file = self._path, self._file
        self._open()
        old.unlink(missing_ok=True)
        os.close(file)

    def close(self) -> None:
        """Ends the journal. Only without open outcomes: the file goes away."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def abandon(self) -> None:
        """Lets go of a journal whose outcomes could not be committed; whoever tidies up reads it."""
        os.close(self._file)

    def _open(self) -> None:
        while True:
            self.name = f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(6)}"
            self._path = self._folder / f"{self.name}{_SUFFIX}"
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if _lock(self._file) and os.fstat(self._file).st_nlink:
                break
            # Somebody who was tidying up took the new file for a dead owner's.
            os.close(self._file)
        os.write(self._file, _line({"boot": boot_id()}))

    def _write(self, step: Step, item: Item, *more: str) -> None:
        os.write(self._file, _line([step.value, item.kind, item.id, item.attempt, *more]))


def boot_id() -> str:
    """Names this start of the machine."""
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return f"{psutil.boot_time():.0f}"


@contextlib.contextmanager
def dead_journals(folder: Path) -> Iterator[list[JournalRecord]]:
    """The journals whose owners are dead. They are gone after the block, unless it raised."""
    held: list[tuple[int, Path]] = []
    records = []
    try:
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            with contextlib.suppress(FileNotFoundError):
                file = os.open(path, os.O_RDONLY)
                if not _lock(file) or not os.fstat(file).st_nlink:
                    os.close(file)
                    continue
                held.append((file, path))
                records.append(_read(path))
        yield records
        for _, path in held:
            path.unlink(missing_ok=True)
    finally:
        for file, _ in held:
            os.close(file)


def _read(path: Path) -> JournalRecord:
    first, *lines = path.read_bytes().split(b"\n")
    head = _parse(first)
    same_boot = isinstance(head, dict) and head.get("boot") == boot_id()
    record = JournalRecord(path.name.removesuffix(_SUFFIX), same_boot)
    for line in lines:
        values = _parse(line)
        if isinstance(values, list) and len(values) in (4, 7):
            step, kind, number, attempt, *more = values
            record.entries[Item(kind, number, attempt)] = Entry(Step(step), *more)
    return record


def _parse(line: bytes) -> object:
    """A line as written; None for one that a crash cut off."""
    try:
        parsed: object = json.loads(line)
    except ValueError:
        return None
    return parsed


def _line(values: object) -> bytes:
    return _ENCODER.encode(values).encode("ascii") + b"\n"


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
