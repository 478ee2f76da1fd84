"""One letter of a change: done by the same rules as a single one, kept as it was, and put back if nothing happened."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import IntegrityError

from shared.db import letters
from shared.db.tables.letters import ONE_PER_OFFICE
from shared.domain.bulk import SENDING, BulkAction, Outcome, why_not
from shared.domain.causes import Cause
from shared.domain.states import LetterState
from shared.errors import NotAllowed
from shared.services.bulk.facts import Today
from shared.services.letters import send_again

# Outcome, the reason when it was left out, and how the letter was before, as JSON.
Result = tuple[Outcome, str, str | None]
_KEPT = (
    *("state", "cause", "attempt", "tries", "resends", "due_at", "deliver_by", "hold_reason"),
    *("office_holder_id", "recipient_name", "recipient_email", "receiving_domain"),
)
_MOMENTS = ("due_at", "deliver_by")
_NO_LETTERS = {"subject": "", "body": ""}


def do_letter(connection: Connection, change: RowMapping, row: RowMapping, today: Today) -> Result:
    """Does it to a locked letter. One that changed after it was asked for has moved on."""
    action = BulkAction(change["action"])
    facts = today.facts(row, is_written=bool(row["body"]), is_erased=not row["reply_to"])
    if reason := why_not(action, facts):
        has_moved = row["state_changed_at"] > change["asked_at"]
        return (Outcome.MOVED_ON, "", None) if has_moved else (Outcome.LEFT_OUT, reason, None)
    try:
        if action in SENDING:
            address = facts.second_address if action is BulkAction.SECOND else facts.address
            due_at = change["asked_at"] + timedelta(seconds=change["delay_s"])
            send_again(connection, row, actor=change["actor"], due_at=due_at, address=address)
        elif action is BulkAction.CANCEL:
            letters.change_letter(connection, row, LetterState.CANCELLED, actor=change["actor"], cause=Cause.ORGANIZER)
        else:
            letters.settle(connection, row, actor=change["actor"])
    except NotAllowed as error:
        return Outcome.LEFT_OUT, str(error), None
    return Outcome.CHANGED, "", _before(row)


def undo_letter(
    connection: Connection, change: RowMapping, row: RowMapping | None, kept: RowMapping, actor: str
) -> Result:
    """Puts a locked letter back where it was, if nothing has happened to it since."""
    if kept["outcome"] == Outcome.WAITING.value:
        return Outcome.STOPPED, "", None
    if kept["outcome"] != Outcome.CHANGED.value:
        return Outcome(kept["outcome"]), kept["reason"], None
    if row is None or row["state_changed_at"] != kept["changed_at"] or row["attempt"] != kept["before"]["attempt"]:
        return Outcome.GONE, "", None
    if change["action"] == BulkAction.SETTLE.value:
        letters.settle(connection, row, actor=actor, attended=False)
        return Outcome.PUT_BACK, "", None
    return _put_back(connection, row, kept["before"], actor)


def _put_back(connection: Connection, row: RowMapping, before: Mapping[str, Any], actor: str) -> Result:
    values = {name: before[name] for name in _KEPT if name not in ("state", "attempt")}
    values |= {name: datetime.fromisoformat(before[name]) for name in _MOMENTS if before[name]}
    if before["deliver_by"] is None:
        # An older version let a letter wait without an end.
        del values["deliver_by"]
    if before["was_unwritten"]:
        values |= _NO_LETTERS
    state = LetterState(before["state"])
    if state.value == row["state"]:
        letters.hurry(connection, row, values, actor=actor)
        return Outcome.PUT_BACK, "", None
    try:
        with connection.begin_nested():
            letters.put_back(connection, row, state, actor=actor, values=values)
    except IntegrityError as error:
        # Its supporter has written to the office again meanwhile.
        if ONE_PER_OFFICE not in str(error.orig):
            raise
        return Outcome.GONE, "", None
    return Outcome.PUT_BACK, "", None


def _before(row: RowMapping) -> str:
    kept = {name: row[name] for name in _KEPT}
    kept |= {name: row[name].isoformat() for name in _MOMENTS if row[name]}
    return json.dumps({**kept, "was_unwritten": not row["body"]})
