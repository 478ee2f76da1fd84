"""Reads and writes letters one at a time. Every change of state leaves an event row; batches are in `claims.py`."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db.delivery_connections import is_overdue
from shared.db.driver import ask, spell
from shared.db.expiry import new_deliver_by
from shared.db.tables import letter, letter_event, receipt, submission
from shared.domain.causes import Cause
from shared.domain.receipts import News
from shared.domain.states import CLAIMABLE, HAS_LEFT, HoldReason, LetterState, check_letter_arrow

# Two refusals that are further apart than this are about different times.
_REFUSED_LATELY = timedelta(days=30)
_OF_SUBMISSION = select(letter).where(letter.c.submission_id == bindparam("wanted")).order_by(letter.c.id)
_OF_SUBMISSION_QUICKLY = spell(_OF_SUBMISSION)
_WRITTEN = text(
    "SELECT letter.id, submission_id, recipient_title, recipient_name, recipient_email, letter.district, subject, body,"
    " letter.state, cause, coalesce(phone, '') AS phone FROM letter"
    " LEFT JOIN office_holder ON office_holder.id = office_holder_id WHERE submission_id = ANY(:ids) ORDER BY letter.id"
)
_NEXT_NUMBERS = text("SELECT nextval(pg_get_serial_sequence('letter', 'id')) FROM generate_series(1, :count)")
_FIRST_EVENTS = text(
    "INSERT INTO letter_event (letter_id, to_state, cause) SELECT id, state, cause FROM letter WHERE id = ANY(:ids)"
)
_LAST_REPLY = text(
    "SELECT remote_reply FROM letter_event WHERE letter_id = :id AND to_state = :state ORDER BY id DESC LIMIT 1"
)
_WORDS = text(
    "INSERT INTO letter_words (letter_id, words) SELECT id, array_to_tsvector(string_to_array(words, ' '))"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:words AS text[])) AS one(id, words)"
)
_LEFT = ", ".join(f"'{state}'" for state in sorted(HAS_LEFT))
_TO_DOMAIN = text(
    f"SELECT id FROM letter WHERE campaign_id = :campaign_id AND state IN ({_LEFT})"  # noqa: S608 - constants only
    " AND office_id = ANY(ARRAY(SELECT office_id FROM office_holder WHERE :domain IN"
    " (split_part(lower(email), '@', 2), split_part(lower(second_email), '@', 2)))) LIMIT 1"
)
_WENT_ELSEWHERE = text(
    f"""
    SELECT EXISTS (
        SELECT 1
        FROM letter_event
        WHERE letter_id = :id AND cause IN ('{Cause.REWRITTEN}', '{Cause.READDRESSED}')
            AND at >= (SELECT min(at) FROM letter_event WHERE letter_id = :id AND to_state = 'sending')
    )
    """  # noqa: S608 - constants only
)


def insert_letters(
    connection: Connection, values: Sequence[Mapping[str, Any]], name: Callable[[int], str]
) -> dict[int, int]:
    """New letters, each with its Message-ID (`name` of its own number) and first event; how many by submission.

    A letter to an office that this email has already written to is left out. `words` are those it is found by.
    """
    if not values:
        return {}
    numbers = connection.execute(_NEXT_NUMBERS, {"count": len(values)}).scalars().all()
    rows = [{**one, "id": number, "message_id": name(number)} for one, number in zip(values, numbers, strict=True)]
    words = {row["id"]: row.pop("words") for row in rows}
    statement = upsert(letter).on_conflict_do_nothing().returning(letter.c.id, letter.c.submission_id)
    made = connection.execute(statement, rows).all()
    connection.execute(_FIRST_EVENTS, {"ids": [row.id for row in made]})
    connection.execute(_WORDS, {"ids": [row.id for row in made], "words": [words[row.id] for row in made]})
    return Counter(row.submission_id for row in made)


def is_erased(connection: Connection, row: RowMapping) -> bool:
    """True when the words of this letter are gone, or about to go, with its writer's data."""
    if not row["reply_to"]:
        return True
    query = select(submission.c.erase_requested_at.is_not(None)).where(submission.c.id == row["submission_id"])
    return bool(connection.scalar(query))


def any_to_domain(connection: Connection, campaign_id: int, domain: str) -> int | None:
    """One letter of the campaign that has left for an office whose address is of this domain."""
    return connection.execute(_TO_DOMAIN, {"campaign_id": campaign_id, "domain": domain}).scalar_one_or_none()


def lock_letter(connection: Connection, letter_id: int) -> RowMapping | None:
    """The row, locked until COMMIT."""
    query = select(letter).where(letter.c.id == letter_id).with_for_update(key_share=True)
    return connection.execute(query).mappings().one_or_none()


def went_elsewhere(connection: Connection, letter_id: int) -> bool:
    """True for a letter that was written to another person or address after it had been tried first."""
    return bool(connection.scalar(_WENT_ELSEWHERE, {"id": letter_id}))


def lock_letters(connection: Connection, letter_ids: Sequence[int]) -> dict[int, RowMapping]:
    """Those of the letters that are there, locked until COMMIT, by number."""
    query = select(letter).where(letter.c.id.in_(letter_ids)).order_by(letter.c.id).with_for_update(key_share=True)
    return {row["id"]: row for row in connection.execute(query).mappings()}


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
    """Moves a locked letter to `state` and writes the event; raises IllegalTransition without an arrow.

    One that is queued has its whole time again.
    """
    check_letter_arrow(LetterState(row["state"]), state)
    changes = {**(values or {}), "state": state.value, "cause": cause.value, "remote_reply": reply}
    if state is not LetterState.SENDING:
        changes["lease_until"] = None
    if row["state"] in HAS_LEFT and state in CLAIMABLE:
        changes["resends"] = row["resends"] + 1
    if state is LetterState.QUEUED:
        changes["deliver_by"] = new_deliver_by(changes.get("due_at", row["due_at"]))
    _move(connection, row, actor, changes)


def put_back(
    connection: Connection, row: RowMapping, state: LetterState, *, actor: str, values: dict[str, Any]
) -> None:
    """A locked letter is where it was before an organizer changed it, with the server's answer of that time.

    What `values` does not say of that answer is read from the letter's history.
    """
    check_letter_arrow(LetterState(row["state"]), state, is_put_back=True)
    if "remote_reply" not in values:
        values["remote_reply"] = connection.scalar(_LAST_REPLY, {"id": row["id"], "state": state.value}) or ""
    _move(connection, row, actor, {**values, "state": state.value})


def _move(connection: Connection, row: RowMapping, actor: str, changes: Mapping[str, Any]) -> None:
    values = {"state_changed_at": func.now(), **changes}
    connection.execute(update(letter).where(letter.c.id == row["id"]).values(values))
    connection.execute(
        insert(letter_event).values(
            letter_id=row["id"],
            from_state=row["state"],
            to_state=changes["state"],
            attempt=row["attempt"],
            actor=actor,
            cause=changes["cause"],
            remote_reply=changes["remote_reply"],
        )
    )


def lock_overdue(
    connection: Connection, limit: int, but: Collection[int] = (), *, dead_after_s: float
) -> list[RowMapping]:
    """Letters whose worker is dead, or has let the lease run out, without those numbered `but`."""
    query = select(letter).where(is_overdue(letter, dead_after_s), letter.c.id.not_in(but))
    return list(connection.execute(query.limit(limit).with_for_update(key_share=True, skip_locked=True)).mappings())


def lock_waiting_for(connection: Connection, holder_id: int, address: str) -> list[RowMapping]:
    """Letters that wait to leave for this address of an office's holder, locked."""
    waiting = [state.value for state in CLAIMABLE]
    query = select(letter).where(
        letter.c.office_holder_id == holder_id,
        letter.c.state.in_(waiting),
        func.lower(letter.c.recipient_email) == address.lower(),
    )
    return list(connection.execute(query.order_by(letter.c.id).with_for_update(key_share=True)).mappings())


def was_refused_before(connection: Connection, row: RowMapping) -> bool:
    """Did a server say of another letter of this campaign, lately, that it does not know the same address?"""
    query = select(letter.c.id).where(
        letter.c.campaign_id == row["campaign_id"],
        letter.c.state.in_((LetterState.REJECTED.value, LetterState.BOUNCED.value)),
        letter.c.office_id == row["office_id"],
        letter.c.cause == Cause.NO_SUCH_ADDRESS.value,
        func.lower(letter.c.recipient_email) == row["recipient_email"].lower(),
        letter.c.state_changed_at > func.now() - _REFUSED_LATELY,
        letter.c.id != row["id"],
    )
    return connection.execute(query.limit(1)).first() is not None


def lock_held_for(connection: Connection, holder_ids: Sequence[int], reason: HoldReason) -> list[RowMapping]:
    """Letters to these office holders that are held for this reason, locked."""
    query = select(letter).where(
        letter.c.office_holder_id.in_(holder_ids),
        letter.c.state == LetterState.HELD.value,
        letter.c.hold_reason == reason.value,
    )
    return list(connection.execute(query.order_by(letter.c.id).with_for_update(key_share=True)).mappings())


def lock_held_in(connection: Connection, campaign_id: int, reason: HoldReason) -> list[RowMapping]:
    """Letters of this campaign that are held for this reason, locked."""
    query = select(letter).where(
        letter.c.campaign_id == campaign_id,
        letter.c.state == LetterState.HELD.value,
        letter.c.hold_reason == reason.value,
    )
    return list(connection.execute(query.order_by(letter.c.id).with_for_update(key_share=True)).mappings())


def readdress(connection: Connection, row: RowMapping, values: Mapping[str, Any], cause: Cause) -> None:
    """A locked letter that waits has another address, or other words too; its state does not change."""
    connection.execute(update(letter).where(letter.c.id == row["id"]).values(dict(values)))
    note_event(connection, row, cause, "")


def note_event(connection: Connection, row: RowMapping, cause: Cause, reply: str) -> None:
    """News of a locked letter that changes nothing about its state."""
    _note(connection, row, cause, reply, "system")


def _note(connection: Connection, row: RowMapping, cause: Cause, reply: str, actor: str) -> None:
    values = {"letter_id": row["id"], "from_state": row["state"], "to_state": row["state"], "attempt": row["attempt"]}
    connection.execute(insert(letter_event).values(**values, cause=cause.value, remote_reply=reply, actor=actor))


def lock_unsettled(
    connection: Connection, older_than: timedelta, limit: int, but: Collection[int] = ()
) -> list[RowMapping]:
    """Uncertain letters that nothing has settled for so long, without those numbered `but`."""
    query = select(letter).where(
        letter.c.state == LetterState.UNCERTAIN.value, letter.c.state_changed_at < func.now() - older_than
    )
    query = query.where(letter.c.id.not_in(but))
    return list(connection.execute(query.limit(limit).with_for_update(key_share=True, skip_locked=True)).mappings())


def letters_of_submission(connection: Connection, submission_id: int) -> list[dict[str, Any]]:
    """A submission's letters in the order of their creation."""
    return ask(connection, _OF_SUBMISSION_QUICKLY, {"wanted": submission_id})


def lock_letters_of_submission(connection: Connection, submission_id: int) -> list[RowMapping]:
    """The same, locked until COMMIT."""
    query = _OF_SUBMISSION.with_for_update(key_share=True)
    return list(connection.execute(query, {"wanted": submission_id}).mappings())


def words_of_submissions(connection: Connection, submission_ids: Sequence[int]) -> list[RowMapping]:
    """To whom these submissions wrote, what became of it, the office's phone; in the order of the letters' creation."""
    return list(connection.execute(_WRITTEN, {"ids": list(submission_ids)}).mappings())


def tell_answered(connection: Connection, letter_id: int, *, is_answered: bool) -> None:
    """Keeps the moment of the first answer; what an office's own mail has told is not taken back."""
    if is_answered:
        values = {"answered_at": func.coalesce(letter.c.answered_at, func.now())}
        connection.execute(update(letter).where(letter.c.id == letter_id).values(values))
        return
    told = exists().where(receipt.c.letter_id == letter_id, receipt.c.news == News.ANSWERED.value)
    connection.execute(update(letter).where(letter.c.id == letter_id, ~told).values(answered_at=None))


def make_due(connection: Connection, submission_id: int) -> None:
    """A submission's waiting letters are due now; their state does not change."""
    waiting = letter.c.state.in_([state.value for state in CLAIMABLE])
    connection.execute(update(letter).where(letter.c.submission_id == submission_id, waiting).values(due_at=func.now()))


def hurry(connection: Connection, row: RowMapping, values: Mapping[str, Any], *, actor: str) -> None:
    """A deferred letter is due at another time, or goes elsewhere; the event says who asked, the state stays."""
    connection.execute(update(letter).where(letter.c.id == row["id"]).values(dict(values)))
    _note(connection, row, Cause.ORGANIZER, "", actor)


def settle(connection: Connection, row: RowMapping, *, actor: str) -> datetime:
    """An organizer says that the trouble of a locked letter is dealt with; its state stays. Returns when that was."""
    statement = update(letter).where(letter.c.id == row["id"]).values(attended_at=func.now())
    attended_at: datetime = connection.execute(statement.returning(letter.c.attended_at)).scalar_one()
    _note(connection, row, Cause.ATTENDED, "", actor)
    return attended_at


def unsettle(connection: Connection, row: RowMapping, attended_at: datetime | None, *, actor: str) -> None:
    """Takes that back: the mark of a locked letter is the earlier one, or none."""
    connection.execute(update(letter).where(letter.c.id == row["id"]).values(attended_at=attended_at))
    _note(connection, row, Cause.ORGANIZER, "", actor)
