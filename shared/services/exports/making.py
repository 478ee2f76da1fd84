"""Makes exports: claims one, plans its pieces, writes one after the other, and hands on what takes longer than a task.

Nothing of it is in memory but the piece at hand. Whoever goes on begins with the first piece that lacks.
"""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.db import campaigns, export_pieces, export_rows, exports
from shared.db.export_pieces import Claim, Days, Piece
from shared.db.results import kinds_of_letters
from shared.domain.campaigns import StoredCampaign
from shared.domain.exports import ExportKind, ExportReason
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.delivery import STOPPING
from shared.services.exports.bundles import write_bundle
from shared.services.exports.tables import table_head, table_lines
from shared.settings import Settings

_LOG = structlog.get_logger()
# Pieces deleted in one transaction.
_DROPPED_AT_ONCE = 20


def exports_are_due(connection: Connection) -> bool:
    """True when one is to be made, or its worker is gone, or one that has ended still has its file."""
    return exports.is_due(connection)


def make_exports(engine: Engine, ring: Ring | None, settings: Settings) -> int:
    """Works on what was asked for, for as long as a task may take, then rings again; how many files it finished."""
    if ring is not None:
        ring.answer(TaskName.MAKE_EXPORTS)
    until = time.monotonic() + settings.timing.task
    _drop_ended(engine)
    count = 0
    while not STOPPING.is_set():
        with engine.begin() as connection:
            claimed = export_pieces.claim(connection)
        if claimed is None:
            return count
        if not _work_on(engine, ring, settings, claimed, until):
            break
        count += 1
    if ring is not None:
        ring.ring(TaskName.MAKE_EXPORTS)
    return count


def delete_old_exports(engine: Engine) -> int:
    """Deletes what is told of files of long ago; how many those were."""
    with engine.begin() as connection:
        return exports.forget_ended(connection)


def _drop_ended(engine: Engine) -> None:
    with engine.begin() as connection:
        exports.expire(connection)
    dropped = _DROPPED_AT_ONCE
    while dropped == _DROPPED_AT_ONCE:
        with engine.begin() as connection:
            dropped = exports.drop_pieces(connection, _DROPPED_AT_ONCE)


def _work_on(engine: Engine, ring: Ring | None, settings: Settings, claimed: Claim, until: float) -> bool:
    """Makes pieces until none lacks; False when the time was over before."""
    try:
        return _make(engine, ring, settings, claimed, until)
    except SQLAlchemyError:
        # The database is away, or busy: the export is taken up again when the lease is over.
        raise
    except Exception as error:  # noqa: BLE001 - the page says that it failed, and the worker goes on
        _LOG.error("export.failed", export_id=claimed.id, error=type(error).__name__)
        with engine.begin() as connection:
            export_pieces.fail(connection, claimed, ExportReason.BROKE_OFF)
        return True


def _make(engine: Engine, ring: Ring | None, settings: Settings, claimed: Claim, until: float) -> bool:
    with engine.connect() as connection:
        stored = campaigns.read_campaign(connection, claimed.campaign_id)
    if not claimed.is_planned:
        claimed = _plan(engine, stored, claimed)
    while piece := _next(engine, claimed):
        if STOPPING.is_set() or time.monotonic() >= until:
            with engine.begin() as connection:
                export_pieces.put_back(connection, claimed)
            return False
        if ring is not None:
            ring.rush.make_way()
        _make_piece(engine, stored, claimed, piece)
    with engine.begin() as connection:
        state = export_pieces.finish(connection, claimed, settings.export_hours)
    _LOG.info("export.finished", export_id=claimed.id, campaign_id=stored.id, kind=claimed.kind.value, state=state)
    return True


def _plan(engine: Engine, stored: StoredCampaign, claimed: Claim) -> Claim:
    with engine.begin() as connection:
        is_test = False not in kinds_of_letters(connection, stored.id)
        days = _days(stored, claimed)
        export_pieces.plan(connection, claimed, days, head=table_head(claimed.kind), is_test=is_test)
    return replace(claimed, is_planned=True, is_test=is_test)


def _next(engine: Engine, claimed: Claim) -> Piece | None:
    with engine.connect() as connection:
        return export_pieces.next_piece(connection, claimed)


def _make_piece(engine: Engine, stored: StoredCampaign, claimed: Claim, piece: Piece) -> None:
    """Reads, writes and keeps it; nothing is kept when somebody in it was erased meanwhile, and it is next again."""
    name, rows, data = _write(engine, stored, claimed, piece)
    with engine.begin() as connection:
        size = export_pieces.store(connection, claimed, piece, name=name, rows=rows, data=data)
        if size is not None and export_pieces.is_too_large(size):
            export_pieces.fail(connection, claimed, ExportReason.TOO_LARGE)


def _write(engine: Engine, stored: StoredCampaign, claimed: Claim, piece: Piece) -> tuple[str, int, bytes]:
    if claimed.kind is ExportKind.BUNDLE:
        return write_bundle(engine, stored, claimed, piece)
    with engine.connect() as connection:
        if claimed.kind is ExportKind.LETTERS:
            rows = export_rows.letter_rows(connection, piece.ids)
        elif claimed.kind is ExportKind.SUPPORTERS:
            rows = export_rows.supporter_rows(connection, piece.ids)
        else:
            rows = export_rows.legislator_rows(connection, claimed, _days(stored, claimed))
    return "", len(rows), table_lines(claimed.kind, rows)


def _days(stored: StoredCampaign, claimed: Claim) -> Days:
    """The days where the campaign is; the last one is included."""
    zone, wanted = ZoneInfo(stored.campaign.timezone), claimed.wanted
    since = datetime.combine(wanted.first_day, clock_time.min, zone) if wanted.first_day else None
    after = wanted.last_day + timedelta(days=1) if wanted.last_day else None
    return Days(since, datetime.combine(after, clock_time.min, zone) if after else None)
