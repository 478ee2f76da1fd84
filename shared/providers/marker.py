"""The marker beside the journals: which database this host has worked in, and how far. On the disk before any dot."""

import contextlib
import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from shared.domain.generations import MARKER_DAYS, Marker
from shared.errors import DearRepError

_FILE, _LOCK = "generation", "generation.lock"
# What threads of this process wait to have written: whoever comes first writes it for all of them.
_WAITING: dict[Path, Marker] = {}
_WAITING_LOCK = threading.Lock()


class MarkerMovedOn(DearRepError):
    """Another process of this host has met a newer lineage than the one that was claimed under."""


def read_marker(folder: Path) -> Marker:
    """This host's marker; a new one, of a new host, when there is none."""
    return _read(folder / _FILE) or _make(folder)


def keep_marker(folder: Path, marker: Marker, lineages: tuple[str, ...]) -> None:
    """Returns once the disk has it, joined with what others of this host have seen.

    `lineages` are those that the database knew. Raises MarkerMovedOn when the disk has one that it did not.
    """
    _wait(folder, marker)
    with _alone(folder):
        known = _read(folder / _FILE) or Marker(marker.host)
        if known.covers(marker):
            return
        if known.lineage and known.lineage != marker.lineage and known.lineage not in lineages:
            raise MarkerMovedOn("The database was accepted anew while letters were claimed.")
        for other in (known, _WAITING[folder]):
            marker = marker.joined(other) if other.lineage == marker.lineage else marker
        _write(folder, marker)


def _wait(folder: Path, marker: Marker) -> None:
    with _WAITING_LOCK:
        other = _WAITING.get(folder)
        _WAITING[folder] = marker.joined(other) if other and other.lineage == marker.lineage else marker


def _make(folder: Path) -> Marker:
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        marker = _read(folder / _FILE)
        if marker is None:
            marker = Marker(secrets.token_hex(8))
            _write(folder, marker)
        return marker


def _read(file: Path) -> Marker | None:
    """None without a file. What can't be read is an error: it must not pass for a new host's."""
    try:
        values, written_at = json.loads(file.read_text(encoding="ascii")), file.stat().st_mtime
    except FileNotFoundError:
        return None
    is_old = time.time() - written_at > MARKER_DAYS * 86_400
    return Marker(values["host"], values["lineage"], {} if is_old else values["generations"])


def _write(folder: Path, marker: Marker) -> None:
    values = {"host": marker.host, "lineage": marker.lineage, "generations": dict(marker.generations)}
    fresh = folder / f"{_FILE}.new"
    with fresh.open("w", encoding="ascii") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _FILE)
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One thread at a time, of all processes of the host."""
    file = os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
