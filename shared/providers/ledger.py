"""What has left this host in the last weeks: numbers only, nothing about a person.

After a backup was restored it says which of the letters that wait again had left. A file for each day and lineage of
the database: numbers that a restored database gives out again mean other letters.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from shared import clock
from shared.domain.days import day_in
from shared.providers.journal import Item

_FOLDER = "left"
_KEPT = timedelta(days=30)
# About two million letters.
_MOST_BYTES = 100_000_000


@dataclass(frozen=True)
class Departure:
    """A mail server took this attempt at about that time."""

    item: Item
    left_at: datetime


def note_departures(folder: Path, lineage: str, items: Iterable[Item]) -> None:
    """Adds what a mail server has just taken, in one write, so that lines of several processes don't mix.

    Without a lineage nothing has left yet under this host's name.
    """
    now = time.time()
    lines = "".join(json.dumps([round(now, 3), one.kind, one.id, one.attempt]) + "\n" for one in items)
    if not lines or not lineage:
        return
    file = folder / _FOLDER / f"{lineage}.{day_in(UTC, datetime.fromtimestamp(now, UTC))}"
    is_new = not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, lines.encode("ascii"))
    finally:
        os.close(handle)
    if is_new:
        _forget_old(file.parent, file)


def read_departures(folder: Path, lineage: str, since: datetime) -> Iterator[Departure]:
    """What left in the days since then; a line that a crash cut off is passed over."""
    for file in sorted((folder / _FOLDER).glob(f"{lineage}.*")):
        if _day(file) < day_in(UTC, since) - timedelta(days=1):
            continue
        for line in file.read_text(encoding="ascii", errors="replace").splitlines():
            try:
                at, kind, number, attempt = json.loads(line)
            except ValueError:
                continue
            yield Departure(Item(kind, number, attempt), datetime.fromtimestamp(at, UTC))


def ledger_size(folder: Path) -> int:
    """Grows with every line."""
    return sum(file.stat().st_size for file in (folder / _FOLDER).glob("*.*"))


def _forget_old(folder: Path, newest: Path) -> None:
    """The oldest days go first; today's stays."""
    room = _MOST_BYTES
    for file in sorted(folder.glob("*.*"), key=_day, reverse=True):
        room -= file.stat().st_size
        is_old = day_in(UTC, clock.now()) - _day(file) > _KEPT
        if file != newest and (is_old or room < 0):
            file.unlink(missing_ok=True)


def _day(file: Path) -> date:
    return date.fromisoformat(file.name.rpartition(".")[2])
