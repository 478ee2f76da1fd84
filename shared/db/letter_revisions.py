"""Keeps letters as they were before they followed their office, and finds them again for an undo or an email."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, text, update

from shared.db.tables import letter, letter_revision

# While these are as the move left them, nothing has happened to the letter since.
_COMPARED = (
    *("state", "state_changed_at", "attempt", "tries", "resends", "due_at", "hold_reason", "cause", "attended_at"),
    *("office_holder_id", "recipient_email"),
)
# The words and the address of one holder.
WORDS = ("subject", "body", "recipient_title", "recipient_name", "recipient_email", "receiving_domain", "district")
_MOMENTS = ("state_changed_at", "due_at", "attended_at", "deliver_by")
_KEPT = tuple(dict.fromkeys((*_COMPARED, "remote_reply", "deliver_by", *WORDS)))

_OF_CHANGE = text(
    """
    SELECT DISTINCT ON (letter_id) *
    FROM letter_revision
    WHERE office_change_id = :change_id AND letter_id > :reached
    ORDER BY letter_id, id DESC
    LIMIT :limit
    """
)


def keep_revision(connection: Connection, before: RowMapping, change_id: int | None) -> int | None:
    """Keeps how a locked letter was before it moved; the revision's number, None when it did not move.

    A letter that moves again because of the same change keeps its first revision.
    """
    was, now = _mark(before), _mark(_read(connection, before["id"]))
    if was == now:
        return None
    last = _last_of(connection, before["id"], change_id)
    if last is not None and last["after"] == was:
        mine = letter_revision.c.id == last["id"]
        connection.execute(update(letter_revision).where(mine).values(after=now))
        return int(last["id"])
    values = {"letter_id": before["id"], "office_change_id": change_id, "before": _plain(before, _KEPT), "after": now}
    statement = insert(letter_revision).values(**values).returning(letter_revision.c.id)
    return int(connection.execute(statement).scalar_one())


def revised_letters(connection: Connection, change_id: int, after: int, limit: int) -> list[RowMapping]:
    """The last revision of each letter that followed this change; letters with numbers beyond `after`."""
    values = {"change_id": change_id, "reached": after, "limit": limit}
    return list(connection.execute(_OF_CHANGE, values).mappings())


def before_of(revision: RowMapping, row: RowMapping) -> dict[str, Any] | None:
    """What a locked letter was before it followed; None when something has happened to it since."""
    if revision["after"] != _mark(row):
        return None
    before = dict(revision["before"])
    return before | {name: datetime.fromisoformat(before[name]) for name in _MOMENTS if before[name]}


def former_words(connection: Connection, letter_id: int, holder_id: int | None) -> dict[str, Any] | None:
    """The letter as it was written for this holder, with their address; None when that was not kept."""
    query = select(letter_revision.c.before).where(letter_revision.c.letter_id == letter_id)
    for before in connection.execute(query.order_by(letter_revision.c.id.desc())).scalars():
        if before["office_holder_id"] == holder_id:
            return {name: before[name] for name in WORDS}
    return None


def was_written_for_somebody(connection: Connection, row: RowMapping) -> bool:
    """False for a letter that never named a holder: its seat was vacant from the first."""
    if row["office_holder_id"] is not None:
        return True
    query = select(letter_revision.c.before).where(letter_revision.c.letter_id == row["id"])
    return any(before["office_holder_id"] is not None for before in connection.execute(query).scalars())


def read_revisions(connection: Connection, numbers: Collection[int]) -> dict[int, RowMapping]:
    """Revisions by number."""
    query = select(letter_revision).where(letter_revision.c.id.in_(numbers))
    return {row["id"]: row for row in connection.execute(query).mappings()}


def _read(connection: Connection, letter_id: int) -> RowMapping:
    return connection.execute(select(letter).where(letter.c.id == letter_id)).mappings().one()


def _last_of(connection: Connection, letter_id: int, change_id: int | None) -> RowMapping | None:
    if change_id is None:
        return None
    mine = (letter_revision.c.letter_id == letter_id, letter_revision.c.office_change_id == change_id)
    query = select(letter_revision).where(*mine).order_by(letter_revision.c.id.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def _mark(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Words change only with the holder, or when they are taken out."""
    return {**_plain(row, _COMPARED), "is_written": bool(row["body"])}


def _plain(row: Mapping[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: _text(row[name]) for name in names}


def _text(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
