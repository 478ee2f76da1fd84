"""Letters that are held for a vacant seat: let go to the office's own address, or withdrawn; and both undone.

Nothing is called sent that was not: who withdraws them tells their writers so, by the usual notice of a failed letter.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import letter_revisions, letters, office_letters, pace, targets
from shared.db.office_changes import lock_office
from shared.db.savepoints import Faults, each_isolated
from shared.domain.causes import Cause
from shared.domain.follow_ups import Trigger
from shared.domain.places import Office
from shared.domain.states import HoldReason, LetterState
from shared.services.follow_up_plan import plan_for_letters
from shared.services.letter_fit import make_waiting
from shared.services.letter_words import words_for

_BATCH = 200
# Written anew for whoever comes.
_HELD_AGAIN = {"hold_reason": HoldReason.VACANT_SEAT.value, "subject": "", "body": ""}
_Lock = Callable[[Connection, int], list[RowMapping]]
_Work = Callable[[Connection, RowMapping, Office], bool]


def release_to_office(engine: Engine, office_id: int, change_id: int, *, actor: str) -> int:
    """Queues them for the office's own address, in words for a seat without a holder; how many."""

    def release(connection: Connection, row: RowMapping, office: Office) -> bool:
        if office.holder_id is not None or not office.email:
            return False
        values = {**words_for(connection, row, office), "hold_reason": None, "tries": 0}
        pace.add_domains(connection, [(row["transport"], str(values["receiving_domain"]))])
        make_waiting(connection, row, LetterState.QUEUED, actor=actor, cause=Cause.ORGANIZER, values=values)
        letter_revisions.keep_revision(connection, row, change_id)
        return True

    return _each(engine, office_id, partial(_held, office_id), release)


def withdraw_held(engine: Engine, office_id: int, change_id: int, *, actor: str) -> int:
    """Ends them; their writers get the notice of a failed letter, with its text; how many."""

    def withdraw(connection: Connection, row: RowMapping, office: Office) -> bool:
        # The notice shows the text, so that its writer can use it in another way.
        words = words_for(connection, row, office)
        values = {"subject": words["subject"], "body": words["body"], "hold_reason": None}
        letters.change_letter(connection, row, LetterState.CANCELLED, actor=actor, cause=Cause.WITHDRAWN, values=values)
        letter_revisions.keep_revision(connection, row, change_id)
        plan_for_letters(connection, [row], Trigger.FAILED)
        return True

    return _each(engine, office_id, partial(_held, office_id), withdraw)


def hold_again(engine: Engine, office_id: int, *, actor: str) -> int:
    """What was released and has not left is held again, where no revision says how it was before; how many."""

    def hold(connection: Connection, row: RowMapping, _office: Office) -> bool:
        letters.change_letter(
            connection, row, LetterState.HELD, actor=actor, cause=Cause.VACANT_SEAT, values=_HELD_AGAIN
        )
        return True

    def lock(connection: Connection, after: int) -> list[RowMapping]:
        return office_letters.lock_released(connection, office_id, after, _BATCH)

    return _each(engine, office_id, lock, hold)


def hold_withdrawn(engine: Engine, office_id: int, since: datetime, *, actor: str) -> int:
    """What was withdrawn since then is held again, where no revision says how it was before; how many.

    Not a letter whose writer wrote again or was erased.
    """

    def reopen(connection: Connection, row: RowMapping, _office: Office) -> bool:
        values = {**_HELD_AGAIN, "cause": Cause.VACANT_SEAT.value}
        letters.put_back(connection, row, LetterState.HELD, actor=actor, values=values)
        return True

    def lock(connection: Connection, after: int) -> list[RowMapping]:
        return office_letters.lock_withdrawn(connection, office_id, since, after, _BATCH)

    return _each(engine, office_id, lock, reopen)


def _held(office_id: int, connection: Connection, after: int) -> list[RowMapping]:
    return office_letters.lock_held(connection, office_id, after, _BATCH)


def _each(engine: Engine, office_id: int, lock: _Lock, work: _Work) -> int:
    """Works through the letters a batch at a time; how many it moved. What fails with one leaves that one alone."""
    moved, last = 0, 0
    while True:
        with engine.begin() as connection:
            results = _batch(connection, office_id, partial(lock, connection, last), work)
        # Only now: what is counted is committed.
        moved += sum(bool(is_moved) for _, is_moved in results)
        if len(results) < _BATCH:
            return moved
        last = results[-1][0]["id"]


def _batch(
    connection: Connection, office_id: int, lock: Callable[[], list[RowMapping]], work: _Work
) -> list[tuple[RowMapping, bool | None]]:
    """The office first: whatever takes rows of both takes them in this order."""
    office = _of_its_own(connection, office_id)
    return each_isolated(
        connection, lock(), lambda row: _work(connection, row, office, work), Faults(), "letter.not_moved"
    )


def _work(connection: Connection, row: RowMapping, office: Office, work: _Work) -> bool:
    """May fail: a supporter who has written again, whose newer letter counts, or words that can't be filled."""
    return not letters.is_erased(connection, row) and work(connection, row, office)


def _of_its_own(connection: Connection, office_id: int) -> Office:
    """The office as it is now, with its own address while nobody holds it."""
    row = lock_office(connection, office_id)
    office = targets.offices_today(connection, [office_id])[office_id]
    return replace(office, email=row["general_email"]) if row and office.holder_id is None else office
