"""Exports as organizers see them: asked for, listed, deleted, ended with their time or when a person in them is erased.

`shared.db.export_pieces` is for those who make them.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, text

from shared.db.tables import export
from shared.domain.exports import (
    MOST_FILES,
    PERSONAL,
    UNFINISHED,
    ExportFilter,
    ExportKind,
    ExportReason,
    ExportState,
)
from shared.domain.states import LetterState

_SHOWN = 20
# After so long even the row that tells of a file goes.
_TOLD_DAYS = 90
_LIVE = [*UNFINISHED, ExportState.READY]
_ROWS = (
    "SELECT export.*, office.title, office.district, holder.name AS holder, piece.made, piece.pieces, piece.rows_made"
    " FROM export LEFT JOIN office ON office.id = export.office_id"
    " LEFT JOIN office_holder holder ON holder.office_id = office.id AND holder.valid_to IS NULL"
    # Of a finished one nothing has to be counted.
    " LEFT JOIN LATERAL (SELECT count(read_at) AS made, count(*) AS pieces, sum(rows) AS rows_made FROM export_piece"
    " WHERE export_id = export.id AND export.state IN ('waiting', 'making')) AS piece ON true"
    " WHERE campaign_id = :campaign_id"
)
_NEWEST = text(f"{_ROWS} ORDER BY export.id DESC LIMIT {_SHOWN}")
_ONE = text(f"{_ROWS} AND export.id = :id")
_END = "UPDATE export SET state = 'expired', reason = '{}', lease_until = NULL, ended_at = now() WHERE {}"
_REMOVE = text(
    _END.format(ExportReason.DELETED, "id = :id AND campaign_id = :campaign_id AND state = ANY(:live) RETURNING id")
)
_EXPIRE = text(_END.format(ExportReason.TIME, "state = 'ready' AND expires_at < now()"))
_EXPIRE_THESE = text(_END.format(ExportReason.ERASURE, "id = ANY(:ids) AND state = 'ready'"))
_DUE = text(
    "SELECT EXISTS (SELECT 1 FROM export WHERE state = 'waiting'"
    " OR state = 'making' AND (lease_until IS NULL OR lease_until < now()) OR state = 'ready' AND expires_at < now())"
    " OR EXISTS (SELECT 1 FROM export_piece WHERE export_id IN (SELECT id FROM export"
    " WHERE state IN ('failed', 'expired')))"
)
_DROP = text(
    "DELETE FROM export_piece WHERE (export_id, number) IN (SELECT export_id, number FROM export_piece"
    " WHERE export_id IN (SELECT id FROM export WHERE state IN ('failed', 'expired')) LIMIT :limit)"
)
_FORGET = text(
    f"DELETE FROM export WHERE state IN ('failed', 'expired') AND ended_at < now() - interval '{_TOLD_DAYS} days'"
)
_LOCK_PERSONAL = text(
    "SELECT id, state FROM export WHERE campaign_id = :campaign_id AND kind = ANY(:kinds)"
    " AND state IN ('making', 'ready') ORDER BY id FOR NO KEY UPDATE"
)
# Who reads a person's rows later than this after the request finds it there: it was committed long before.
_HOLDS = text(
    "WITH mine AS (SELECT coalesce(array_agg(id), '{}') AS ids, array_agg(office_id) AS offices FROM letter"
    " WHERE submission_id = :submission_id), agreed AS (SELECT coalesce(array_agg(id), '{}') AS ids FROM consent"
    " WHERE submission_id = :submission_id)"
    " SELECT piece.export_id, piece.number FROM export_piece piece"
    " JOIN export ON export.id = piece.export_id, mine, agreed"
    " WHERE piece.export_id = ANY(:exports) AND read_at < CAST(:asked_at AS timestamptz) + interval '1 minute'"
    " AND (piece.office_id IS NULL OR piece.office_id = ANY(mine.offices))"
    f" AND piece.ids && CASE export.kind WHEN '{ExportKind.SUPPORTERS}' THEN agreed.ids ELSE mine.ids END"
)
_TAKE_BACK = text(
    "UPDATE export_piece SET read_at = NULL, data = NULL, rows = 0 FROM unnest(CAST(:exports AS bigint[]),"
    " CAST(:numbers AS int[])) AS held(export_id, number) WHERE export_piece.export_id = held.export_id"
    " AND export_piece.number = held.number"
)
_TELL = text("UPDATE export SET erasures = erasures + 1 WHERE id = ANY(:ids)")


@dataclass(frozen=True)
class ExportRow:
    """One export as it stands. `made` of its `pieces` are done while it is being made; `office` is the filter's."""

    id: int
    kind: ExportKind
    state: ExportState
    reason: ExportReason
    wanted: ExportFilter
    office: tuple[str, str, str] | None
    asked_by: str
    asked_at: datetime
    made: int
    pieces: int
    rows: int
    size: int
    ended_at: datetime | None
    expires_at: datetime | None

    @property
    def is_unfinished(self) -> bool:
        """True while a worker is to make it."""
        return self.state in UNFINISHED

    @property
    def is_live(self) -> bool:
        """True while there is something to delete."""
        return self.state in _LIVE


def ask(connection: Connection, campaign_id: int, kind: ExportKind, wanted: ExportFilter, asked_by: str) -> int | None:
    """Wants a file; its number, None when there are too many. The campaign's row must be locked."""
    live = select(export.c.id).where(export.c.campaign_id == campaign_id, export.c.state.in_(_LIVE))
    if len(connection.execute(live).all()) >= MOST_FILES:
        return None
    values = {
        "campaign_id": campaign_id,
        "kind": kind.value,
        "letter_state": wanted.letter_state,
        "office_id": wanted.office_id,
        "first_day": wanted.first_day,
        "last_day": wanted.last_day,
        "asked_by": asked_by,
    }
    return int(connection.execute(insert(export).values(values).returning(export.c.id)).scalar_one())


def newest(connection: Connection, campaign_id: int) -> list[ExportRow]:
    """A campaign's last exports, whoever asked for them."""
    return [_row(row) for row in connection.execute(_NEWEST, {"campaign_id": campaign_id}).mappings()]


def find(connection: Connection, campaign_id: int, export_id: int) -> ExportRow | None:
    """The export; None when the campaign has no such one."""
    row = connection.execute(_ONE, {"campaign_id": campaign_id, "id": export_id}).mappings().one_or_none()
    return _row(row) if row else None


def remove(connection: Connection, campaign_id: int, export_id: int) -> bool:
    """Ends it, finished or not; False when there is nothing to delete. Its pieces are dropped by a worker."""
    values = {"campaign_id": campaign_id, "id": export_id, "live": _LIVE}
    return connection.execute(_REMOVE, values).first() is not None


def is_due(connection: Connection) -> bool:
    """True when something is to be made, to be ended or to be dropped."""
    return bool(connection.execute(_DUE).scalar_one())


def expire(connection: Connection) -> None:
    """Ends those whose time is over."""
    connection.execute(_EXPIRE)


def drop_pieces(connection: Connection, limit: int) -> int:
    """Deletes pieces of what has ended; how many."""
    return connection.execute(_DROP, {"limit": limit}).rowcount


def forget_ended(connection: Connection) -> int:
    """Deletes the rows that tell of files of long ago; how many."""
    return connection.execute(_FORGET).rowcount


def take_out(connection: Connection, submission: RowMapping) -> None:
    """No file holds this person any more: finished ones end, pieces of others are made again.

    Only after the request to be erased was committed: whoever reads the person's rows from then on finds it there.
    """
    values = {"campaign_id": submission["campaign_id"], "kinds": sorted(PERSONAL)}
    locked = {row.id: ExportState(row.state) for row in connection.execute(_LOCK_PERSONAL, values)}
    if not locked:
        return
    asked = {"submission_id": submission["id"], "asked_at": submission["erase_requested_at"]}
    held = connection.execute(_HOLDS, {**asked, "exports": list(locked)}).all()
    connection.execute(_EXPIRE_THESE, {"ids": list({row.export_id for row in held})})
    again = [row for row in held if locked[row.export_id] is ExportState.MAKING]
    numbers = {"exports": [row.export_id for row in again], "numbers": [row.number for row in again]}
    connection.execute(_TAKE_BACK, numbers)
    # Also where nothing is made yet: somebody may have read the person's rows already.
    connection.execute(_TELL, {"ids": [number for number, state in locked.items() if state is ExportState.MAKING]})


def _row(row: RowMapping) -> ExportRow:
    state = LetterState(row["letter_state"]) if row["letter_state"] else None
    unfinished = row["state"] in UNFINISHED
    return ExportRow(
        id=row["id"],
        kind=ExportKind(row["kind"]),
        state=ExportState(row["state"]),
        reason=ExportReason(row["reason"]),
        wanted=ExportFilter(state, row["office_id"], row["first_day"], row["last_day"]),
        office=(row["title"], row["holder"] or "", row["district"]) if row["office_id"] else None,
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        made=row["made"] or 0,
        pieces=row["pieces"] or 0,
        rows=int(row["rows_made"] or 0) if unfinished else row["rows"],
        size=row["size"],
        ended_at=row["ended_at"],
        expires_at=row["expires_at"],
    )
