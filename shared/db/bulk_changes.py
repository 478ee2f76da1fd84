"""Rows of changes of many letters: which letters, how far it is, what became of each."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, select, text, update

from shared.db import letter_choice
from shared.db.tables import bulk_change, bulk_letter
from shared.domain.bulk import MOST, BulkAction, BulkState, Outcome
from shared.domain.letter_filter import Choice

_INSERT = text(
    "INSERT INTO bulk_change (campaign_id, action, actor, title, delay_s, undo_until)"
    " VALUES (:campaign_id, :action, :actor, :title, :delay_s, now() + :undo_s * interval '1 second') RETURNING id"
)
_CHOOSE = (
    "INSERT INTO bulk_letter (bulk_id, letter_id) SELECT :bulk_id, id FROM letter WHERE {where} ORDER BY id LIMIT :most"
)
_WRITE = text(
    "UPDATE bulk_letter SET outcome = one.outcome, reason = one.reason,"
    " before = coalesce(one.before, bulk_letter.before),"
    " changed_at = CASE WHEN one.outcome = 'changed' THEN letter.state_changed_at ELSE bulk_letter.changed_at END"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[]), CAST(:reasons AS text[]),"
    " CAST(:befores AS jsonb[])) AS one(id, outcome, reason, before) LEFT JOIN letter ON letter.id = one.id"
    " WHERE bulk_id = :bulk_id AND letter_id = one.id"
)
_COUNTS = text("SELECT outcome, reason, count(*) FROM bulk_letter WHERE bulk_id = :id GROUP BY outcome, reason")
_UNFINISHED = bulk_change.c.state.in_([BulkState.RUNNING.value, BulkState.UNDOING.value])


def insert_change(
    connection: Connection,
    choice: Choice,
    action: BulkAction,
    *,
    actor: str,
    title: str,
    delay: timedelta,
    undo: timedelta,
    expected: int,
) -> int:
    """A new change of these letters, as many as there may be at once; its number.

    `expected` were seen before; those that are no longer among them have moved on.
    """
    values: dict[str, Any] = {"campaign_id": choice.campaign_id, "action": action.value, "actor": actor, "title": title}
    values |= {"delay_s": int(delay.total_seconds()), "undo_s": undo.total_seconds()}
    number = int(connection.execute(_INSERT, values).scalar_one())
    which, its_values = letter_choice.where(choice)
    statement = text(_CHOOSE.replace("{where}", which))
    chosen = connection.execute(statement, {**its_values, "bulk_id": number, "most": MOST}).rowcount
    moved = max(0, min(expected, MOST) - chosen)
    connection.execute(update(bulk_change).where(bulk_change.c.id == number).values(moved_before=moved))
    return number


def find_change(connection: Connection, campaign_id: int, number: int, *, lock: bool = False) -> RowMapping | None:
    """The row; None when the campaign has none of this number."""
    query = select(bulk_change).where(bulk_change.c.id == number, bulk_change.c.campaign_id == campaign_id)
    return connection.execute(query.with_for_update(key_share=True) if lock else query).mappings().one_or_none()


def newest_changes(connection: Connection, campaign_id: int, limit: int) -> Sequence[RowMapping]:
    """The campaign's last changes."""
    query = select(bulk_change).where(bulk_change.c.campaign_id == campaign_id).order_by(bulk_change.c.id.desc())
    return connection.execute(query.limit(limit)).mappings().all()


def count_outcomes(connection: Connection, number: int) -> list[tuple[Outcome, str, int]]:
    """What became of its letters: outcome, reason, how many."""
    return [(Outcome(outcome), reason, count) for outcome, reason, count in connection.execute(_COUNTS, {"id": number})]


def lock_unfinished(connection: Connection, number: int | None = None) -> RowMapping | None:
    """The oldest one that is not done, or this one, that nobody else works on; locked."""
    query = select(bulk_change).where(_UNFINISHED)
    query = query if number is None else query.where(bulk_change.c.id == number)
    query = query.order_by(bulk_change.c.id).limit(1).with_for_update(key_share=True, skip_locked=True)
    return connection.execute(query).mappings().one_or_none()


def is_unfinished(connection: Connection) -> bool:
    """True when a sweep should ring."""
    return bool(connection.execute(select(select(bulk_change.c.id).where(_UNFINISHED).exists())).scalar_one())


def next_letters(connection: Connection, change: RowMapping, limit: int) -> Sequence[RowMapping]:
    """The letters that come next, in the order of their numbers."""
    of_it = and_(bulk_letter.c.bulk_id == change["id"], bulk_letter.c.letter_id > change["reached"])
    query = select(bulk_letter).where(of_it).order_by(bulk_letter.c.letter_id).limit(limit)
    return connection.execute(query).mappings().all()


def write_outcomes(
    connection: Connection, number: int, outcomes: Mapping[int, tuple[Outcome, str, str | None]]
) -> None:
    """Outcome, reason and how it was before (as JSON, None to keep what is known), by letter."""
    found = list(outcomes.values())
    values: dict[str, Any] = {"bulk_id": number, "ids": list(outcomes)}
    values |= {"outcomes": [one[0].value for one in found], "reasons": [one[1] for one in found]}
    connection.execute(_WRITE, {**values, "befores": [one[2] for one in found]})


def write_change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Writes columns."""
    connection.execute(update(bulk_change).where(bulk_change.c.id == number).values(dict(values)))


def delete_old(connection: Connection, older_than: timedelta) -> int:
    """Changes that can't be taken back any more; what was done stays in the letters' history."""
    old = and_(bulk_change.c.asked_at < func.now() - older_than, ~_UNFINISHED)
    return connection.execute(delete(bulk_change).where(old)).rowcount
