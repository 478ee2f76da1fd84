"""One letter of a change: done by the same rules as a single one, kept as it was, and put back if nothing happened."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping

from shared.db import letter_revisions, letters
from shared.domain.bulk import SENDING, BulkAction, Outcome, why_not
from shared.domain.causes import Cause
from shared.domain.states import LetterState
from shared.errors import NotAllowed
from shared.services.bulk.facts import Today
from shared.services.letters import send_again
from shared.services.put_back import put_letter_back

# Outcome, the reason when it was left out, and how the letter was before, as JSON.
Result = tuple[Outcome, str, str | None]
_KEPT = (
    *("state", "state_changed_at", "cause", "remote_reply", "attempt", "tries", "resends", "due_at", "deliver_by"),
    *("hold_reason", "attended_at", "office_holder_id", "recipient_name", "recipient_email", "receiving_domain"),
)
_MOMENTS = ("state_changed_at", "due_at", "deliver_by", "attended_at")
_NO_LETTERS = {"subject": "", "body": ""}


def do_letter(connection: Connection, change: RowMapping, row: RowMapping, today: Today) -> Result:
    """Does it to a locked letter. One that changed after it was asked for has moved on."""
    action = BulkAction(change["action"])
    facts = today.facts(row, is_written=bool(row["body"]), is_erased=not row["reply_to"])
    if reason := why_not(action, facts):
        has_moved = row["state_changed_at"] > change["asked_at"]
        return (Outcome.MOVED_ON, "", None) if has_moved else (Outcome.LEFT_OUT, reason, None)
    settled_at = None
    try:
        if action in SENDING:
            address = facts.second_address if action is BulkAction.SECOND else facts.address
            due_at = change["asked_at"] + timedelta(seconds=change["delay_s"])
            send_again(connection, row, actor=change["actor"], due_at=due_at, address=address)
        elif action is BulkAction.CANCEL:
            letters.change_letter(connection, row, LetterState.CANCELLED, actor=change["actor"], cause=Cause.ORGANIZER)
        else:
            settled_at = letters.settle(connection, row, actor=change["actor"])
    except NotAllowed as error:
        return Outcome.LEFT_OUT, str(error), None
    return Outcome.CHANGED, "", _before(row, settled_at=settled_at)


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
        return _unsettle(connection, row, kept["before"], actor)
    before = _restored(connection, row, kept["before"])
    if before is None or not put_letter_back(connection, row, before, actor=actor):
        return Outcome.GONE, "", None
    return Outcome.PUT_BACK, "", None


def _restored(connection: Connection, row: RowMapping, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """The letter's columns as they were, with the words of the holder it had; None when those are not known."""
    values: dict[str, Any] = {name: before[name] for name in _KEPT if name in before and name != "attempt"}
    values |= {name: datetime.fromisoformat(before[name]) for name in _MOMENTS if before.get(name)}
    if values.get("deliver_by") is None:
        # An older version let a letter wait without an end.
        values.pop("deliver_by", None)
    if before["was_unwritten"]:
        return values | _NO_LETTERS
    if row["office_holder_id"] == before["office_holder_id"] and row["body"]:
        return values
    words = letter_revisions.former_words(connection, row["id"], before["office_holder_id"])
    return words | values if words else None


def _unsettle(connection: Connection, row: RowMapping, before: Mapping[str, Any], actor: str) -> Result:
    """Not when somebody else has said since that it is dealt with."""
    settled_at = before.get("settled_at")
    if settled_at and row["attended_at"] != datetime.fromisoformat(settled_at):
        return Outcome.GONE, "", None
    attended_at = datetime.fromisoformat(before["attended_at"]) if before.get("attended_at") else None
    letters.unsettle(connection, row, attended_at, actor=actor)
    return Outcome.PUT_BACK, "", None


def _before(row: RowMapping, *, settled_at: datetime | None) -> str:
    kept = {name: row[name] for name in _KEPT}
    kept |= {name: row[name].isoformat() for name in _MOMENTS if row[name]}
    kept["settled_at"] = settled_at and settled_at.isoformat()
    return json.dumps({**kept, "was_unwritten": not row["body"]})
