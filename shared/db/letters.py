"""Reads and writes letters. The one place where a letter's state changes; each change leaves an event row."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db.tables import campaign, letter, letter_event, submission
from shared.domain.causes import Cause
from shared.domain.states import CLAIMABLE, CampaignState, LetterState, check_letter_arrow
from shared.domain.transport import Transport

# A batch lasts at most 20 s, a letter at most the time-outs of `shared.providers.smtp`.
LEASE = timedelta(minutes=15)
# Claims skip these campaigns' letters; closing a campaign lets accepted letters go out.
STOPPED = (CampaignState.PAUSED.value,)


def insert_letter(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """A new letter with its first event; None when this email has already written to this office."""
    statement = upsert(letter).values(dict(values)).on_conflict_do_nothing().returning(letter.c.id)
    letter_id = connection.execute(statement).scalar_one_or_none()
    if letter_id is not None:
        event = {"letter_id": letter_id, "to_state": values["state"], "cause": values.get("cause", "")}
        connection.execute(insert(letter_event).values(event))
    return letter_id


def lock_letter(connection: Connection, letter_id: int) -> RowMapping | None:
    """The row, locked until COMMIT."""
    query = select(letter).where(letter.c.id == letter_id).with_for_update()
    return connection.execute(query).mappings().one_or_none()


def change_letter(
    connection: Connection,
    row: RowMapping,
    state: LetterState,
    *,
    actor: str = "system",
    cause: Cause = Cause.NONE,
    reply: str = "",
    values: Mapping[str, Any] | None = None,
) -> None:
    """Moves a locked letter to `state` and writes the event; raises IllegalTransition without an arrow."""
    check_letter_arrow(LetterState(row["state"]), state)
    changes = {
        **(values or {}),
        "state": state.value,
        "state_changed_at": func.now(),
        "cause": cause.value,
        "remote_reply": reply,
    }
    if state is not LetterState.SENDING:
        changes["lease_until"] = None
    connection.execute(update(letter).where(letter.c.id == row["id"]).values(changes))
    connection.execute(
        insert(letter_event).values(
            letter_id=row["id"],
            from_state=row["state"],
            to_state=state.value,
            attempt=row["attempt"],
            actor=actor,
            cause=cause.value,
            remote_reply=reply,
        )
    )


def lock_claimed(connection: Connection, letter_id: int, attempt: int) -> RowMapping | None:
    """The row if this attempt still holds it, locked: the fence before the last write."""
    row = lock_letter(connection, letter_id)
    if row is None or row["attempt"] != attempt or row["state"] != LetterState.SENDING.value:
        return None
    return row


def claim_letters(
    connection: Connection, *, worker: str, first_tries: bool, transports: Sequence[Transport], limit: int
) -> list[RowMapping]:
    """Takes due letters for one receiving domain under a lease: the domain whose letter waits longest.

    `first_tries` splits the lanes, so that a sick mail server's retries never block new letters.
    """
    due = _due(first_tries=first_tries, transports=transports)
    first = select(letter.c.transport, letter.c.receiving_domain).where(due).order_by(letter.c.due_at).limit(1).cte("f")
    batch = (
        select(letter.c.id, letter.c.state)
        .where(due, letter.c.transport == first.c.transport, letter.c.receiving_domain == first.c.receiving_domain)
        .order_by(letter.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=letter)
        .cte("batch")
    )
    claimed = (
        update(letter)
        .where(letter.c.id == batch.c.id)
        .values(
            state=LetterState.SENDING.value,
            state_changed_at=func.now(),
            attempt=letter.c.attempt + 1,
            lease_until=func.now() + LEASE,
            worker=worker,
        )
        .returning(letter, batch.c.state.label("state_before"))
        .cte("claimed")
    )
    event = insert(letter_event).from_select(
        ["letter_id", "from_state", "to_state", "attempt", "actor", "cause", "remote_reply"],
        select(
            claimed.c.id,
            claimed.c.state_before,
            literal(LetterState.SENDING.value),
            claimed.c.attempt,
            literal("system"),
            literal(""),
            literal(""),
        ),
    )
    query = select(claimed).add_cte(event.cte("event")).order_by(claimed.c.due_at)
    return list(connection.execute(query).mappings())


def lock_overdue(connection: Connection, limit: int) -> list[RowMapping]:
    """Letters whose worker has let the lease run out."""
    query = select(letter).where(letter.c.state == LetterState.SENDING.value, letter.c.lease_until < func.now())
    return list(connection.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings())


def lock_expired(connection: Connection, limit: int) -> list[RowMapping]:
    """Letters that wait although their last day for delivery has passed."""
    waiting = [LetterState.HELD.value, LetterState.QUEUED.value, LetterState.DEFERRED.value]
    query = select(letter).where(letter.c.state.in_(waiting), letter.c.deliver_by < func.now())
    return list(connection.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings())


def lock_unsettled(connection: Connection, older_than: timedelta, limit: int) -> list[RowMapping]:
    """Uncertain letters that nothing has settled for so long."""
    query = select(letter).where(
        letter.c.state == LetterState.UNCERTAIN.value, letter.c.state_changed_at < func.now() - older_than
    )
    return list(connection.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings())


def letters_are_due(connection: Connection, *, first_tries: bool, transports: Sequence[Transport]) -> bool:
    """True when a claim would find letters, so that a sweep should ring for delivery."""
    query = select(letter.c.id).where(_due(first_tries=first_tries, transports=transports))
    return bool(connection.execute(select(query.exists())).scalar_one())


def _due(*, first_tries: bool, transports: Sequence[Transport]) -> ColumnElement[bool]:
    """What a claim takes and a sweep rings for: due, on an open transport, of a campaign that is not stopped."""
    return and_(
        letter.c.state.in_([state.value for state in CLAIMABLE]),
        letter.c.due_at <= func.now(),
        letter.c.transport.in_([transport.value for transport in transports]),
        letter.c.tries == 0 if first_tries else letter.c.tries > 0,
        ~select(campaign.c.id).where(campaign.c.id == letter.c.campaign_id, campaign.c.state.in_(STOPPED)).exists(),
    )


def letters_of_submission(connection: Connection, submission_id: int, *, lock: bool = False) -> list[RowMapping]:
    """A submission's letters in the order of their creation."""
    query = select(letter).where(letter.c.submission_id == submission_id).order_by(letter.c.id)
    return list(connection.execute(query.with_for_update() if lock else query).mappings())


def count_imbalance(connection: Connection) -> int:
    """Expected letters minus letters over all states; anything but 0 is an alarm."""
    expected = select(func.coalesce(func.sum(submission.c.expected_letters), 0)).scalar_subquery()
    there = select(func.count()).select_from(letter).scalar_subquery()
    return int(connection.execute(select(expected - there)).scalar_one())


def make_due(connection: Connection, submission_id: int) -> None:
    """A submission's waiting letters are due now; their state does not change."""
    waiting = letter.c.state.in_([state.value for state in CLAIMABLE])
    connection.execute(update(letter).where(letter.c.submission_id == submission_id, waiting).values(due_at=func.now()))


def name_letter(connection: Connection, letter_id: int, message_id: str) -> None:
    """Writes the Message-ID that every attempt uses; it is made from the row's own number."""
    connection.execute(update(letter).where(letter.c.id == letter_id).values(message_id=message_id))


def hurry(connection: Connection, row: RowMapping, *, actor: str) -> None:
    """A deferred letter is due now; the event says who asked, the state stays."""
    connection.execute(update(letter).where(letter.c.id == row["id"]).values(due_at=func.now()))
    event = {"letter_id": row["id"], "from_state": row["state"], "to_state": row["state"], "attempt": row["attempt"]}
    connection.execute(insert(letter_event).values(**event, actor=actor, cause=Cause.ORGANIZER.value))
