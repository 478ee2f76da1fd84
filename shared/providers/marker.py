"""The marker beside the journals: which database this host has worked in, and how far. On the disk before any dot.

Processes wait for no other one: a frozen one that held a lock would stop all deliveries of its host. Each change is a
new file, named by the next number; of two processes that write the same number, one begins again.
"""

import contextlib
import json
import os
import re
import secrets
import threading
import time
from pathlib import Path

from shared.domain.generations import MARKER_DAYS, Marker
from shared.errors import DearRepError

_FOLDER = "generations"
# The one file of earlier versions.
_BEFORE = "generation"
# What threads of this process wait to have written: the first one writes it for all of them.
_WAITING: dict[Path, Marker] = {}
_WAITING_LOCK = threading.Lock()
_TURN = threading.Lock()
# The highest number that this process knows to be on the disk.
_ON_DISK: dict[Path, int] = {}
_NAME = re.compile(r"([0-9]+)(\.[0-9a-f]+\.new)?")


class MarkerMovedOn(DearRepError):
    """Another process of this host has met a newer lineage than the one that was claimed under."""


def read_marker(folder: Path) -> Marker:
    """This host's marker; a new one, of a new host, when there is none."""
    while True:
        number, marker = _newest(folder)
        if marker is not None:
            return marker
        _write(folder, number + 1, Marker(secrets.token_hex(8)))


def keep_marker(folder: Path, marker: Marker, lineages: tuple[str, ...]) -> None:
    """Returns once the disk has it, joined with what others of this host have seen.

    `lineages` are those that the database knew. Raises MarkerMovedOn when the disk has one that it did not.
    """
    _wait(folder, marker)
    with _TURN:
        while True:
            number, known = _newest(folder)
            known = known or Marker(marker.host)
            if known.covers(marker):
                if number and _ON_DISK.get(folder) != number:
                    # The process that wrote it may not have come so far.
                    _sync(folder / _FOLDER)
                    _ON_DISK[folder] = number
                return
            if known.lineage and known.lineage != marker.lineage and known.lineage not in lineages:
                raise MarkerMovedOn("The database was accepted anew while letters were claimed.")
            for other in (known, _WAITING[folder]):
                marker = marker.joined(other) if other.lineage == marker.lineage else marker
            if _write(folder, number + 1, marker):
                return


def _wait(folder: Path, marker: Marker) -> None:
    with _WAITING_LOCK:
        other = _WAITING.get(folder)
        _WAITING[folder] = marker.joined(other) if other and other.lineage == marker.lineage else marker


def _newest(folder: Path) -> tuple[int, Marker | None]:
    """The highest number, and its marker. None without a file; 0 for none, and for that of earlier versions."""
    while True:
        number = _highest(folder)
        marker = None
        with contextlib.suppress(FileNotFoundError):
            marker = _read(folder / _FOLDER / str(number) if number else folder / _BEFORE)
        # Others may have written higher ones meanwhile, and one that slept an older marker under this number.
        if number == _highest(folder) and (marker is not None or not number):
            return number, marker


def _highest(folder: Path) -> int:
    return max((number for number, name in _numbered(folder) if name == str(number)), default=0)


def _numbered(folder: Path) -> list[tuple[int, str]]:
    """The markers and those that are being written: number, and name of the file. Others' files are left alone."""
    try:
        names = [file.name for file in (folder / _FOLDER).iterdir()]
    except FileNotFoundError:
        return []
    return [(int(found[1]), name) for name in names if (found := _NAME.fullmatch(name))]


def _read(file: Path) -> Marker:
    """What can't be read is an error: it must not pass for a new host's."""
    values, written_at = json.loads(file.read_text(encoding="ascii")), file.stat().st_mtime
    is_old = time.time() - written_at > MARKER_DAYS * 86_400
    return Marker(values["host"], values["lineage"], {} if is_old else values["generations"])


def _write(folder: Path, number: int, marker: Marker) -> bool:
    """True once the disk has it as the newest; False when another process has written this number, or a higher one."""
    place = folder / _FOLDER
    place.mkdir(parents=True, exist_ok=True)
    if number == 1:
        _sync(folder)
    values = {"host": marker.host, "lineage": marker.lineage, "generations": dict(marker.generations)}
    fresh = place / f"{number}.{secrets.token_hex(8)}.new"
    try:
        with fresh.open("w", encoding="ascii") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        (place / str(number)).hardlink_to(fresh)
    except (FileExistsError, FileNotFoundError):
        # Also when a process that went further has tidied up what this one was writing.
        return False
    finally:
        fresh.unlink(missing_ok=True)
    _sync(place)
    # This process may have slept so long that its number was there before, and deleted.
    if number != _highest(folder):
        return False
    _ON_DISK[folder] = number
    for older, name in _numbered(folder):
        if older < number:
            (place / name).unlink(missing_ok=True)
    (folder / _BEFORE).unlink(missing_ok=True)
    return True


def _sync(folder: Path) -> None:
    """Makes the names of its files safe from a loss of power."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
