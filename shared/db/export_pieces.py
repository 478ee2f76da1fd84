"""The making of exports: claims under a lease, the plan of a file's pieces, and one piece after the other.

A worker that is lost leaves whole pieces behind, and whoever claims the export next goes on with the first that lacks.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from shared.domain.exports import (
    LARGEST_BYTES,
    LETTERS_A_FILE,
    PRINTED,
    ROWS_A_PIECE,
    ExportFilter,
    ExportKind,
    ExportReason,
)
from shared.domain.states import LetterState

# Longer than any piece takes, and than planning a million letters takes.
_LEASE_S = 120
_PLAN_LEASE_S = 600
_LONGEST_QUERY_S = 300
_MOST_CRASHES = 2
_GIVE_UP = text(
    f"UPDATE export SET state = 'failed', reason = '{ExportReason.BROKE_OFF}', lease_until = NULL, ended_at = now()"
    f" WHERE state = 'making' AND lease_until < now() AND crash_count >= {_MOST_CRASHES}"
)
# Whoever put an export back has ended its lease; a lease that ran out was that of somebody who is gone.
_CLAIM = text(
    "UPDATE export SET state = 'making', attempt = attempt + 1, served_at = now(),"
    " crash_count = crash_count + (lease_until IS NOT NULL)::int,"
    f" lease_until = now() + CASE WHEN planned_at IS NULL THEN interval '{_PLAN_LEASE_S} seconds'"
    f" ELSE interval '{_LEASE_S} seconds' END WHERE id = (SELECT id FROM export WHERE state = 'waiting'"
    " OR state = 'making' AND (lease_until IS NULL OR lease_until < now())"
    " ORDER BY served_at NULLS FIRST, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING *"
)
_MINE = "id = :id AND attempt = :attempt AND state = 'making'"
_IN_RANGE = " AND {column} >= :since AND {column} < :until"
_WRITTEN = "JOIN submission ON submission.id = letter.submission_id" + _IN_RANGE.format(column="accepted_at")
_ADD = "INSERT INTO export_piece (export_id, number, ids{columns}) SELECT :id, "
_LETTERS = (
    _ADD.format(columns="") + "1 + (n - 1) / :most, array_agg(id ORDER BY n) FROM"
    " (SELECT letter.id, row_number() OVER (ORDER BY letter.id) AS n FROM letter {written}"
    " WHERE letter.campaign_id = :campaign_id AND letter.state = ANY(:states) {office}) AS one"
    " GROUP BY (n - 1) / :most"
)
# Each person once for each organization, the newest consent; as those who get updates (`shared.db.updates`).
_SUPPORTERS = (
    _ADD.format(columns="") + "1 + (n - 1) / :most, array_agg(id ORDER BY n) FROM"
    " (SELECT id, row_number() OVER (ORDER BY organization, id) AS n FROM"
    " (SELECT DISTINCT ON (consent.organization, consent.email_hash) consent.id, consent.organization FROM consent"
    " JOIN submission ON submission.id = consent.submission_id WHERE consent.campaign_id = :campaign_id"
    " AND withdrawn_at IS NULL {given} AND submission.state <> 'withdrawn' AND accepted_at IS NOT NULL"
    " AND erase_requested_at IS NULL AND NOT EXISTS (SELECT 1 FROM suppression"
    " WHERE suppression.email_hash = consent.email_hash"
    " AND (suppression.campaign_id IS NULL OR suppression.campaign_id = consent.campaign_id))"
    " ORDER BY consent.organization, consent.email_hash, consent.id DESC) AS newest) AS one GROUP BY (n - 1) / :most"
)
_LEGISLATORS = _ADD.format(columns="") + "1, '{{}}'"
# House before Senate before Congress, and each office's letters in the order in which they came.
_BUNDLE = (
    _ADD.format(columns=", office_id, part, parts")
    + "row_number() OVER (ORDER BY array_position(ARRAY['lower', 'upper', 'congress'], chamber), district, seat,"
    " office.id, part), ids, office.id, part, parts FROM (SELECT office_id, 1 + (n - 1) / :most AS part,"
    " 1 + (max(total) - 1) / :most AS parts, array_agg(id ORDER BY n) AS ids FROM (SELECT letter.id, office_id,"
    " row_number() OVER (PARTITION BY office_id ORDER BY letter.id) AS n,"
    " count(*) OVER (PARTITION BY office_id) AS total FROM letter {written} WHERE letter.campaign_id = :campaign_id"
    " AND letter.state = ANY(:states) {office} AND letter.is_test = :is_test AND body <> '') AS one"
    " GROUP BY office_id, (n - 1) / :most) AS file JOIN office ON office.id = file.office_id"
)
_PLANS = {
    ExportKind.LETTERS: _LETTERS,
    ExportKind.SUPPORTERS: _SUPPORTERS,
    ExportKind.LEGISLATORS: _LEGISLATORS,
    ExportKind.BUNDLE: _BUNDLE,
}
_PLANNED = text(f"UPDATE export SET planned_at = now(), is_test = :is_test WHERE {_MINE} RETURNING id")
_HEAD = text("INSERT INTO export_piece (export_id, number, ids, read_at, data) VALUES (:id, 0, '{}', now(), :head)")
_NEXT = text(
    "SELECT piece.number, piece.ids, piece.office_id, piece.part, piece.parts, erasures, now() AS read_at FROM"
    f" (SELECT id, erasures FROM export WHERE {_MINE}) AS export JOIN export_piece piece"
    " ON piece.export_id = export.id AND piece.read_at IS NULL ORDER BY piece.number LIMIT 1"
)
_STORE = text(
    f"WITH mine AS (UPDATE export SET crash_count = 0, lease_until = now() + interval '{_LEASE_S} seconds',"
    f" size = size + :size WHERE {_MINE} AND erasures = :erasures RETURNING id, size)"
    " UPDATE export_piece SET read_at = :read_at, name = :name, rows = :rows, data = :data FROM mine"
    " WHERE export_id = mine.id AND number = :number RETURNING mine.size"
)
_LOCK = text(f"SELECT id FROM export WHERE {_MINE} FOR NO KEY UPDATE")
_FINISH = text(
    "UPDATE export SET state = CASE WHEN whole.rows > 0 THEN 'ready' ELSE 'failed' END,"
    f" reason = CASE WHEN whole.rows > 0 THEN '' ELSE '{ExportReason.NOTHING}' END, lease_until = NULL,"
    " rows = whole.rows, size = whole.size, ended_at = now(),"
    " expires_at = now() + least(:hours, 8760) * interval '1 hour'"
    " FROM (SELECT coalesce(sum(rows), 0) AS rows, coalesce(sum(octet_length(data)), 0) AS size,"
    " count(*) = count(read_at) AS is_whole FROM export_piece WHERE export_id = :id) AS whole"
    " WHERE id = :id AND is_whole RETURNING state"
)
_FAIL = text(
    f"UPDATE export SET state = 'failed', reason = :reason, lease_until = NULL, ended_at = now() WHERE {_MINE}"
)
_PUT_BACK = text(f"UPDATE export SET lease_until = NULL WHERE {_MINE}")
_STORED = text(
    "SELECT number, name, octet_length(data) AS size FROM export_piece WHERE export_id = :id AND length(data) > 0"
    " ORDER BY number"
)
_PIECE = text(
    "SELECT data FROM export_piece JOIN export ON export.id = export_id"
    " WHERE export_id = :id AND number = :number AND state = 'ready' AND expires_at > now()"
)


@dataclass(frozen=True)
class Claim:
    """An export that is ours for a while. `is_test`, of a bundle, once it is planned."""

    id: int
    campaign_id: int
    kind: ExportKind
    wanted: ExportFilter
    attempt: int
    is_planned: bool
    is_test: bool


@dataclass(frozen=True)
class Piece:
    """What is to be made next; `erasures` and `read_at` from before anything of it is read."""

    number: int
    ids: Sequence[int]
    office_id: int | None
    part: int
    parts: int
    erasures: int
    read_at: datetime


@dataclass(frozen=True)
class StoredPiece:
    """A piece that is kept; `name` is that of its file in a bundle."""

    number: int
    name: str
    size: int


@dataclass(frozen=True)
class Days:
    """From one moment to before another; both NULL for always."""

    since: datetime | None
    until: datetime | None

    @property
    def are_all(self) -> bool:
        """True when nothing is left out."""
        return self.since is None and self.until is None


def claim(connection: Connection) -> Claim | None:
    """The export that has waited longest for a worker."""
    connection.execute(_GIVE_UP)
    row = connection.execute(_CLAIM).mappings().one_or_none()
    return _claim(row) if row else None


def allow_long_queries(connection: Connection) -> None:
    """Within this transaction: counting or sorting a million letters takes longer than any page may."""
    connection.execute(text(f"SET LOCAL statement_timeout = '{_LONGEST_QUERY_S}s'"))


def plan(connection: Connection, claimed: Claim, days: Days, *, head: bytes, is_test: bool) -> bool:
    """Which letters make which piece, all at once; False when the export is no longer ours."""
    if not connection.execute(_PLANNED, {**_mine(claimed), "is_test": is_test}).first():
        return False
    if head:
        connection.execute(_HEAD, {"id": claimed.id, "head": head})
    allow_long_queries(connection)
    wanted = claimed.wanted
    statement = _PLANS[claimed.kind].format(
        written="" if days.are_all else _WRITTEN,
        given="" if days.are_all else _IN_RANGE.format(column="given_at"),
        office="AND letter.office_id = :office_id" if wanted.office_id is not None else "",
    )
    is_bundle = claimed.kind is ExportKind.BUNDLE
    values = {
        "id": claimed.id,
        "campaign_id": claimed.campaign_id,
        "most": LETTERS_A_FILE if is_bundle else ROWS_A_PIECE,
        "states": states_of(claimed),
        "office_id": wanted.office_id,
        "is_test": is_test,
        **range_of(days),
    }
    connection.execute(text(statement), values)
    return True


def states_of(claimed: Claim) -> list[str]:
    """The states that its letters may be in."""
    if claimed.wanted.letter_state is not None:
        return [claimed.wanted.letter_state.value]
    return sorted(PRINTED if claimed.kind is ExportKind.BUNDLE else LetterState)


def range_of(days: Days) -> Mapping[str, datetime | str]:
    """As PostgreSQL compares them."""
    return {"since": days.since or "-infinity", "until": days.until or "infinity"}


def next_piece(connection: Connection, claimed: Claim) -> Piece | None:
    """The first that lacks; None when all are made, or the export is no longer ours."""
    row = connection.execute(_NEXT, _mine(claimed)).one_or_none()
    return Piece(*row) if row else None


def store(connection: Connection, claimed: Claim, piece: Piece, *, name: str, rows: int, data: bytes) -> int | None:
    """Keeps a piece; how large the file is so far, None when it must not be kept.

    That is when the export is no longer ours, or when a person was erased since the piece's letters were read.
    """
    values = {
        "number": piece.number,
        "erasures": piece.erasures,
        "read_at": piece.read_at,
        "name": name,
        "rows": rows,
        "data": data,
        "size": len(data),
    }
    return connection.execute(_STORE, {**_mine(claimed), **values}).scalar_one_or_none()


def finish(connection: Connection, claimed: Claim, hours: float) -> str | None:
    """The file is whole and kept for so long; its state, None when it is not whole or no longer ours."""
    if not connection.execute(_LOCK, _mine(claimed)).first():
        return None
    return connection.execute(_FINISH, {"id": claimed.id, "hours": hours}).scalar_one_or_none()


def fail(connection: Connection, claimed: Claim, reason: ExportReason) -> None:
    """Gives it up."""
    connection.execute(_FAIL, {**_mine(claimed), "reason": reason.value})


def put_back(connection: Connection, claimed: Claim) -> None:
    """Whoever comes next goes on with it."""
    connection.execute(_PUT_BACK, _mine(claimed))


def is_too_large(size: int) -> bool:
    """Past this the database's disk would be in danger."""
    return size > LARGEST_BYTES


def stored_pieces(connection: Connection, export_id: int) -> list[StoredPiece]:
    """The pieces of a file in their order."""
    return [StoredPiece(*row) for row in connection.execute(_STORED, {"id": export_id})]


def read_piece(connection: Connection, export_id: int, number: int) -> bytes | None:
    """The bytes of a piece of a file that is ready; None when it has ended."""
    return connection.execute(_PIECE, {"id": export_id, "number": number}).scalar_one_or_none()


def _mine(claimed: Claim) -> dict[str, object]:
    return {"id": claimed.id, "attempt": claimed.attempt}


def _claim(row: RowMapping) -> Claim:
    state = LetterState(row["letter_state"]) if row["letter_state"] else None
    wanted = ExportFilter(state, row["office_id"], row["first_day"], row["last_day"])
    kind, is_planned = ExportKind(row["kind"]), row["planned_at"] is not None
    return Claim(row["id"], row["campaign_id"], kind, wanted, row["attempt"], is_planned, bool(row["is_test"]))
