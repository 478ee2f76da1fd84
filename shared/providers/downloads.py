"""Fetches large public files: goes on where a connection broke, and keeps what has not changed since.

Beside each file stands what the server said of its version, so that two versions are never joined or taken for one.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import requests

from shared.domain.integers import parse_integer
from shared.errors import Permanent, Retryable
from shared.providers.http import ATTEMPTS, FIRST_PAUSE_S, READ_TIMEOUT_S, host, request, retrying

_CHUNK_BYTES = 256 * 1024

# Called with bytes so far and the whole size, 0 when the server doesn't say it.
BytesProgress = Callable[[int, int], None]


class Arrival(StrEnum):
    """How a file came here."""

    LOCAL = "read where it is"
    FETCHED = "fetched"
    RESUMED = "went on where the download had stopped"
    RESTARTED = "fetched from its beginning, since the part that was here is of another version"
    KEPT = "not changed since it was fetched"


@dataclass(frozen=True)
class Download:
    """A whole file on this machine."""

    path: Path
    arrival: Arrival


def _no_progress(_done: int, _total: int) -> None:
    """For callers that show none."""


def download(
    url: str,
    target: Path,
    *,
    progress: BytesProgress = _no_progress,
    attempts: int = ATTEMPTS,
    first_pause_s: float = FIRST_PAUSE_S,
    read_timeout_s: float = READ_TIMEOUT_S,
) -> Download:
    """Fetches a file unless the server says that ours is the newest. `target` is only ever a whole file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    step = _Download(url, target, progress, read_timeout_s)
    retrying(step.run, first_pause_s, attempts)
    return Download(target, step.arrival)


class _Download:
    """One file on its way: `name.part` until it is whole, `….version` for what the server said of either."""

    def __init__(self, url: str, target: Path, progress: BytesProgress, read_timeout_s: float) -> None:
        self._url, self._target, self._progress, self._read_timeout_s = url, target, progress, read_timeout_s
        self._part = target.with_name(target.name + ".part")
        self.arrival = Arrival.FETCHED

    def run(self) -> None:
        have = self._part.stat().st_size if self._part.exists() else 0
        tag = self._read_tag(self._part) if have else ""
        headers = {"Accept-Encoding": "identity"}
        if tag:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag}
        elif not have:
            headers |= self._condition()
        try:
            with request(
                self._url, params={}, headers=headers, read_timeout_s=self._read_timeout_s, stream=True
            ) as answer:
                if answer.status_code == requests.codes.not_modified:
                    self.arrival = Arrival.KEPT
                    return
                self._save(answer, have)
        except Permanent as error:
            if not have:
                raise
            # The part may be whole already, or of a file that is gone: the server can't go on from there.
            self._part.unlink()
            raise Retryable(str(error)) from error

    def _condition(self) -> dict[str, str]:
        """Asks for the file only if it is another one than ours."""
        tag = self._read_tag(self._target)
        if not tag:
            return {}
        return {"If-None-Match" if tag.startswith(('"', "W/")) else "If-Modified-Since": tag}

    def _save(self, answer: requests.Response, have: int) -> None:
        if have:
            goes_on = answer.status_code == requests.codes.partial_content
            self.arrival = Arrival.RESUMED if goes_on else Arrival.RESTARTED
            have = have if goes_on else 0
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        self._write_tag(self._part, tag)
        length = parse_integer(answer.headers.get("Content-Length") or "") or 0
        total = have + length if length else 0
        with self._part.open("ab" if have else "wb") as file:
            for chunk in answer.iter_content(_CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                self._progress(have, total)
        if total and have != total:
            raise Retryable(f"{host(self._url)} ended the file after {have} of {total} bytes.")
        # In this order a crash in between leaves a file whose version is not known, which is fetched again.
        _version_file(self._target).unlink(missing_ok=True)
        self._part.replace(self._target)
        self._write_tag(self._target, tag, size=have)
        _version_file(self._part).unlink(missing_ok=True)

    def _write_tag(self, path: Path, tag: str, *, size: int | None = None) -> None:
        _version_file(path).write_text(json.dumps({"url": self._url_hash(), "tag": tag, "size": size}))

    def _read_tag(self, path: Path) -> str:
        """What this server said of the file's version; empty for a file from elsewhere or changed since."""
        try:
            noted = json.loads(_version_file(path).read_text())
            same_size = noted["size"] is None or noted["size"] == path.stat().st_size
            return str(noted["tag"]) if noted["url"] == self._url_hash() and same_size else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _url_hash(self) -> str:
        # An address may hold a key.
        return hashlib.sha256(self._url.encode()).hexdigest()


def _version_file(path: Path) -> Path:
    return path.with_name(path.name + ".version")
