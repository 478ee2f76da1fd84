"""What organizers do with exports: ask for one, see the last ones, delete one, and read its file piece by piece."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, RowMapping

from shared.clock import now
from shared.db import campaigns, export_pieces, export_rows, exports
from shared.db.engine import at_once
from shared.db.export_pieces import StoredPiece
from shared.db.exports import ExportRow
from shared.domain.campaigns import StoredCampaign
from shared.domain.days import day_in
from shared.domain.exports import KIND_WORDS, MOST_FILES, ExportFilter, ExportKind, ExportState
from shared.domain.identities import export_key, is_export_key
from shared.errors import InputError, NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.campaigns import require_campaign
from shared.settings import Settings

# What a ZIP adds to each file beside its name, which stands there twice, and its end.
_ZIP_ENTRY, _ZIP_END = 30 + 16 + 46, 22
_NO_FILE = "There is no such file."
_BROKEN_LINK = "This link is not complete. Take the file from the page “Exports”."
_OVER = "This link is over, and its file is deleted. Ask for a new one."


class Ended(Exception):
    """The file ended while somebody was reading it: better no file than half of one."""


@dataclass(frozen=True)
class ExportPage:
    """The last exports of a campaign, and the offices to choose one from."""

    exports: list[ExportRow]
    offices: Sequence[RowMapping]

    @property
    def is_making(self) -> bool:
        """True while somebody waits for a file."""
        return any(one.is_unfinished for one in self.exports)


@dataclass(frozen=True)
class File:
    """A file that is ready: its name, its size, and its bytes."""

    row: ExportRow
    name: str
    mimetype: str
    size: int
    content: Iterator[bytes]


def ask_export(
    engine: Engine, ring: Ring | None, slug: str, kind: ExportKind, wanted: ExportFilter, *, asked_by: str
) -> int:
    """Wants a file; its number. Raises NotFound, NotAllowed, InputError."""
    with engine.begin() as connection:
        stored = require_campaign(connection, slug)
        campaigns.lock_campaign(connection, stored.id)
        known = {row["id"] for row in export_rows.written_to(connection, stored.id)} if wanted.office_id else set()
        if wanted.office_id is not None and wanted.office_id not in known:
            raise InputError({"office_id": "This campaign has no letters to that office. Choose one from the list."})
        number = exports.ask(connection, stored.id, kind, wanted, asked_by)
    if number is None:
        raise NotAllowed(f"There are {MOST_FILES} files already. Delete one, then ask for another.")
    if ring is not None:
        ring.ring(TaskName.MAKE_EXPORTS)
    return number


def read_exports(engine: Engine, campaign_id: int) -> ExportPage:
    """What the page shows."""
    with at_once(engine) as connection:
        return ExportPage(exports.newest(connection, campaign_id), export_rows.written_to(connection, campaign_id))


def delete_export(engine: Engine, ring: Ring | None, campaign_id: int, export_id: int) -> ExportRow:
    """Nobody gets this file any more, finished or not. Raises NotFound, NotAllowed."""
    with engine.begin() as connection:
        row = exports.find(connection, campaign_id, export_id)
        if row is None:
            raise NotFound(_NO_FILE)
        if not exports.remove(connection, campaign_id, export_id):
            raise NotAllowed("That file is deleted already.")
    if ring is not None:
        ring.ring(TaskName.MAKE_EXPORTS)
    return row


def file_link(settings: Settings, row: ExportRow) -> tuple[int, str] | None:
    """Until when a link gives the file out, and the key that proves it; None while there is none."""
    if row.state is not ExportState.READY:
        return None
    until = int(_end(row))
    return until, export_key(settings.secret_key, row.id, str(until))


def open_export(
    engine: Engine, settings: Settings, stored: StoredCampaign, export_id: int, *, until: str, key: str
) -> File:
    """The file behind such a link. Raises NotFound for one that we did not make, NotAllowed when its time is over."""
    with at_once(engine) as connection:
        row = exports.find(connection, stored.id, export_id)
        pieces = export_pieces.stored_pieces(connection, export_id)
    if row is None:
        raise NotFound(_NO_FILE)
    if not is_export_key(settings.secret_key, export_id, until, key):
        raise NotFound(_BROKEN_LINK)
    if row.state is not ExportState.READY or min(int(until), _end(row)) < now().timestamp():
        raise NotAllowed(_OVER)
    day = day_in(stored.campaign.timezone, row.asked_at)
    name = f"{stored.campaign.slug}-{day.isoformat()}-{KIND_WORDS[row.kind].ending}"
    contents = _contents(engine, export_id, pieces)
    if row.kind is ExportKind.BUNDLE:
        at = (row.ended_at or row.asked_at).astimezone(ZoneInfo(stored.campaign.timezone))
        return File(row, name, "application/zip", _zipped_size(pieces), _zipped(pieces, contents, at))
    return File(row, name, "text/csv; charset=utf-8", sum(piece.size for piece in pieces), contents)


def _end(row: ExportRow) -> float:
    return row.expires_at.timestamp() if row.expires_at else 0.0


def _contents(engine: Engine, export_id: int, pieces: Sequence[StoredPiece]) -> Iterator[bytes]:
    """One after the other, each in a question of its own: nothing is open while somebody's line is slow."""
    for piece in pieces:
        with at_once(engine) as connection:
            data = export_pieces.read_piece(connection, export_id, piece.number)
        if data is None:
            raise Ended
        yield data


def _zipped(pieces: Sequence[StoredPiece], contents: Iterator[bytes], at: datetime) -> Iterator[bytes]:
    """A ZIP of the files, as they come; PDFs are compressed already."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for piece, data in zip(pieces, contents, strict=True):
            archive.writestr(zipfile.ZipInfo(piece.name, at.timetuple()[:6]), data)
            yield sink.take()
    yield sink.take()


def _zipped_size(pieces: Sequence[StoredPiece]) -> int:
    """Told before the first byte, so that a browser knows a broken download from a whole one."""
    return _ZIP_END + sum(piece.size + _ZIP_ENTRY + 2 * len(piece.name) for piece in pieces)


class _Sink(io.RawIOBase):
    """Takes bytes until they are taken from it."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken
