"""Reads and writes follow-up emails: rows with a due date, claimed and fenced like letters."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import follow_up, submission
from shared.domain.states import CLAIMABLE, LetterState, check_letter_arrow
from shared.domain.transport import Transport

_CLAIMABLE = [state.value for state in CLAIMABLE]
_WRITE_WORDS = text(
    "UPDATE follow_up SET subject = words.subject, body_text = words.body_text, body_html = words.body_html"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:subjects AS text[]), CAST(:texts AS text[]), CAST(:htmls AS text[]))"
    " AS words(id, subject, body_text, body_html) WHERE follow_up.id = words.id"
)


def insert_follow_up(connection: Connection, values: Mapping[str, Any], delay: timedelta) -> None:
    """A new follow-up due after `delay`; a submission gets each kind once."""
    row = {**values, "due_at": func.now() + delay}
    connection.execute(insert(follow_up).values(row).on_conflict_do_nothing())


def insert_for_submissions(connection: Connection, submission_ids: Sequence[int], kind: str, after_days: int) -> None:
    """A follow-up of this kind for each of these accepted submissions, once."""
    chosen = select(
        submission.c.id,
        submission.c.campaign_id,
        literal(kind),
        submission.c.email,
        func.split_part(submission.c.email, "@", 2),
        submission.c.is_test,
        submission.c.transport,
        func.now() + timedelta(days=after_days),
    ).where(submission.c.id.in_(submission_ids))
    names = "submission_id campaign_id kind recipient_email receiving_domain is_test transport due_at"
    connection.execute(insert(follow_up).from_select(names.split(), chosen).on_conflict_do_nothing())


def change_follow_up(
    connection: Connection, row: RowMapping, state: LetterState, values: Mapping[str, Any] | None = None
) -> None:
    """Moves a locked follow-up to `state` by the letters' transition table."""
    check_letter_arrow(LetterState(row["state"]), state)
    changes = {**(values or {}), "state": state.value, "state_changed_at": func.now(), "lease_until": None}
    connection.execute(update(follow_up).where(follow_up.c.id == row["id"]).values(changes))


def write_words(connection: Connection, words: Mapping[int, tuple[str, str, str]]) -> None:
    """Freezes subject, text and HTML of each follow-up before its first attempt."""
    values: dict[str, list[Any]] = {"ids": list(words)}
    values |= {name: [one[part] for one in words.values()] for part, name in enumerate(("subjects", "texts", "htmls"))}
    connection.execute(_WRITE_WORDS, values)


def lock_waiting(connection: Connection, submission_id: int) -> list[RowMapping]:
    """A submission's follow-ups that have not left, locked."""
    query = select(follow_up).where(follow_up.c.submission_id == submission_id, follow_up.c.state.in_(_CLAIMABLE))
    return list(connection.execute(query.with_for_update()).mappings())


def lock_overdue(connection: Connection, limit: int) -> list[RowMapping]:
    """Follow-ups whose worker has let the lease run out."""
    query = select(follow_up).where(
        follow_up.c.state == LetterState.SENDING.value, follow_up.c.lease_until < func.now()
    )
    return list(connection.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings())


def follow_ups_are_due(connection: Connection, transports: Sequence[Transport]) -> bool:
    """True when a claim would find follow-ups, so that a sweep should ring for mail."""
    query = select(follow_up.c.id).where(_due(transports))
    return bool(connection.execute(select(query.exists())).scalar_one())


def _due(transports: Sequence[Transport]) -> ColumnElement[bool]:
    """What a claim takes and a sweep rings for."""
    return and_(
        follow_up.c.state.in_(_CLAIMABLE),
        follow_up.c.due_at <= func.now(),
        follow_up.c.transport.in_([transport.value for transport in transports]),
    )
