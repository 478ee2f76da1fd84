"""Organizers' changes of offices: made at once or on their day, each with its reason, and undone where possible.

The seat is compared as a whole: a change is undone only while the seat is still as it left it. Letters follow by
themselves (`shared/services/office_letters.py`); what has left stays gone.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared import clock
from shared.db import directory, office_changes, office_letters, targets
from shared.db.savepoints import Faults, apart, raise_faults
from shared.domain.days import local_day, newest_day
from shared.domain.office_changes import OF_LETTERS, ChangeKind, ChangeState
from shared.domain.states import HoldReason, LetterState
from shared.errors import NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.letter_fit import HELD, LEAVES
from shared.services.office_letters import settle_office
from shared.services.offices import held
from shared.services.offices.acts import apply
from shared.services.offices.wanted import By, Seat, Wanted
from shared.services.put_back import put_letters_back

_LOG = structlog.get_logger()
# What became of letters, beside the words of `office_letters`.
WITHDRAWN = "withdrawn"
NOT_THERE = "There is no such office. It may have been removed with its district."
# A change that fails is tried again by each sweep for so long after its day.
_GIVEN_UP_AFTER = timedelta(days=3)
_FAILED_FOR_DAYS = (
    "An error kept us from making this change for three days. Make it again, or tell the person who runs the server."
)


@dataclass(frozen=True)
class Made:
    """What came of a change: `is_planned` when it waits for its day; letters by what became of them."""

    change_id: int
    is_planned: bool
    letters: Counter[str]


def read_seat(connection: Connection, office_id: int) -> Seat:
    """The office as it is now, locked for a change; raises NotFound."""
    office = office_changes.lock_office(connection, office_id)
    if office is None:
        raise NotFound(NOT_THERE)
    rows = office_changes.holders(connection, office_id)
    holder = next((row for row in rows if row["valid_to"] is None), None)
    last = next((row for row in rows if row["valid_to"] is not None), None)
    waiting = office_letters.count_waiting(connection, office_id)
    vacant = waiting.get((LetterState.HELD.value, HoldReason.VACANT_SEAT.value), 0)
    is_roster_known = targets.offices_today(connection, [office_id])[office_id].is_roster_known
    return Seat(office, holder, last, vacant, local_day(office["jurisdiction"], clock.now()), is_roster_known)


def make_change(engine: Engine, ring: Ring, office_id: int, wanted: Wanted, by: By) -> Made:
    """Makes the change, or plans it for its day. Raises NotFound or NotAllowed."""
    with engine.begin() as connection:
        seat = read_seat(connection, office_id)
        is_planned = wanted.on > seat.today
        change_id = office_changes.add_change(
            connection,
            office_id=office_id,
            kind=wanted.kind.value,
            on_date=wanted.on,
            state=(ChangeState.PLANNED if is_planned else ChangeState.DONE).value,
            organizer_id=by.organizer_id,
            who=by.who,
            reason=wanted.reason,
            details=wanted.details,
        )
        if not is_planned and wanted.kind not in OF_LETTERS:
            _carry_out(connection, change_id, wanted.kind, seat, wanted.details, wanted.on)
    _LOG.info("office.changed", office_id=office_id, kind=wanted.kind.value, change_id=change_id, planned=is_planned)
    if is_planned:
        return Made(change_id, is_planned, Counter())
    return Made(change_id, is_planned, _letters(engine, ring, office_id, change_id, wanted.kind, _actor(by)))


def undo_change(engine: Engine, ring: Ring, office_id: int, change_id: int, by: By) -> Made:
    """Calls off what is planned, brings back what was before. Raises NotFound, or NotAllowed with the reason."""
    with engine.begin() as connection:
        read_seat(connection, office_id)
        row = find_change(connection, office_id, change_id)
        reason = why_not_undone(connection, row)
        if reason:
            raise NotAllowed(reason)
        kind, state = ChangeKind(row["kind"]), ChangeState(row["state"])
        details = {**row["details"], "undone_by": by.who}
        office_changes.move_change(connection, change_id, ChangeState.UNDONE, details=details)
        if state is ChangeState.DONE and kind not in OF_LETTERS:
            office_changes.restore_seat(connection, office_id, row["before"], row["after"])
            directory.unsettle(connection, office_id)
    _LOG.info("office.change_undone", office_id=office_id, kind=kind.value, change_id=change_id)
    if state is ChangeState.PLANNED:
        return Made(change_id, is_planned=True, letters=Counter())
    followed = put_letters_back(engine, office_id, change_id, actor=_actor(by))
    if followed[LEAVES]:
        ring.ring(TaskName.DELIVER_LETTERS)
        ring.ring(TaskName.RETRY_LETTERS)
    if kind is ChangeKind.RELEASED:
        followed[HELD] += held.hold_again(engine, office_id, actor=_actor(by))
    if kind is ChangeKind.WITHDRAWN:
        followed[HELD] += held.hold_withdrawn(engine, office_id, row["moved_at"], actor=_actor(by))
    if kind is not ChangeKind.RELEASED:
        settled = settle_office(engine, ring, office_id)
        followed += settled if kind is not ChangeKind.WITHDRAWN else Counter()
    return Made(change_id, is_planned=False, letters=followed)


def find_change(connection: Connection, office_id: int, change_id: int) -> RowMapping:
    """A change of this office; raises NotFound."""
    row = office_changes.read_change(connection, change_id)
    if row is None or row["office_id"] != office_id:
        raise NotFound("There is no such change of this office.")
    return row


def why_not_undone(connection: Connection, row: RowMapping) -> str:
    """Empty when the change can be undone, or called off."""
    if row["state"] == ChangeState.UNDONE:
        return "This was undone already."
    if row["state"] == ChangeState.PLANNED or row["kind"] in OF_LETTERS:
        return ""
    if row["after"] is None or not office_changes.is_same_seat(
        row["after"], office_changes.read_seat(connection, row["office_id"])
    ):
        return "The seat has changed since. Correct it as it is now instead."
    return ""


def carry_out_due(engine: Engine, ring: Ring) -> int:
    """Makes the changes whose day has come; how many. What does not fit any more is noted and left.

    Raises RowsFailedError at the end if any change failed.
    """
    with engine.connect() as connection:
        rows = office_changes.planned_changes(connection, newest_day(clock.now()))
    done, faults = 0, Faults()
    for row in rows:
        today = local_day(row["jurisdiction"], clock.now())
        if row["on_date"] > today:
            continue
        with apart(faults, "office.change_failed", change_id=row["id"]) as fate:
            done += _carry_out_planned(engine, row)
            settle_office(engine, ring, row["office_id"])
        if fate.failed and today - row["on_date"] >= _GIVEN_UP_AFTER:
            with apart(faults, "office.change_not_given_up", change_id=row["id"]):
                _give_up(engine, row)
    raise_faults(faults)
    return done


def _give_up(engine: Engine, row: RowMapping) -> None:
    """Ends a change that could not be made for days; the office's page says so."""
    with engine.begin() as connection:
        office_changes.lock_office(connection, row["office_id"])
        if _is_planned(connection, row["id"]):
            details = {**row["details"], "not_done": _FAILED_FOR_DAYS}
            office_changes.move_change(connection, row["id"], ChangeState.UNDONE, details=details)


def _carry_out_planned(engine: Engine, row: RowMapping) -> bool:
    with engine.begin() as connection:
        seat = read_seat(connection, row["office_id"])
        if not _is_planned(connection, row["id"]):
            return False
        try:
            with connection.begin_nested():
                _carry_out(connection, row["id"], ChangeKind(row["kind"]), seat, row["details"], row["on_date"])
        except NotAllowed as error:
            details = {**row["details"], "not_done": str(error)}
            office_changes.move_change(connection, row["id"], ChangeState.UNDONE, details=details)
            return False
    _LOG.info("office.changed", office_id=row["office_id"], kind=row["kind"], change_id=row["id"], planned=True)
    return True


def _is_planned(connection: Connection, change_id: int) -> bool:
    """True while nobody has made it or called it off; the office is locked."""
    row = office_changes.read_change(connection, change_id)
    return row is not None and row["state"] == ChangeState.PLANNED


def _carry_out(
    connection: Connection, change_id: int, kind: ChangeKind, seat: Seat, details: dict[str, Any], on: Any
) -> None:
    office_id = seat.office["id"]
    before = office_changes.read_seat(connection, office_id)
    apply(connection, kind, seat, details, on)
    after = office_changes.read_seat(connection, office_id)
    office_changes.move_change(connection, change_id, ChangeState.DONE, before=before, after=after)


def _letters(engine: Engine, ring: Ring, office_id: int, change_id: int, kind: ChangeKind, actor: str) -> Counter[str]:
    if kind is ChangeKind.RELEASED:
        released = held.release_to_office(engine, office_id, change_id, actor=actor)
        ring.ring(TaskName.DELIVER_LETTERS)
        return Counter({LEAVES: released})
    if kind is ChangeKind.WITHDRAWN:
        withdrawn = held.withdraw_held(engine, office_id, change_id, actor=actor)
        return Counter({WITHDRAWN: withdrawn})
    return settle_office(engine, ring, office_id)


def _actor(by: By) -> str:
    return f"organizer:{by.organizer_id}" if by.organizer_id else "command line"
