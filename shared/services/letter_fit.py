"""Keeps a letter that waits written for whoever holds its office today, and for nobody else.

Every way in which a letter becomes `queued` or `deferred` comes through here: `make_waiting` moves one letter,
`follow_holders` brings along letters that a batch moved. A claim refuses what this missed, and hands it here.
A letter that only its writer can judge is held, and its writer is asked (decision 0026).
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping

from shared.db import follow_ups, letter_revisions, letters, office_changes, office_letters, pace, targets
from shared.db.savepoints import Faults, isolated
from shared.domain.causes import Cause
from shared.domain.holds import OF_THE_OFFICE, why_held
from shared.domain.places import Office
from shared.domain.states import CLAIMABLE, HoldReason, LetterState
from shared.services.letter_words import is_left_out, needs_answer, words_for

_HELD, _ORGANIZER = LetterState.HELD.value, HoldReason.ORGANIZER.value
_ASKED = HoldReason.NEW_HOLDER
# What became of a letter: `leaves` goes to a worker, `held` waits from now on, `moved` waits with other words.
LEAVES, HELD, MOVED = "leaves", "held", "moved"
# Nothing: it can't be written before it is released.
STAYS = ""


def make_waiting(
    connection: Connection,
    row: RowMapping,
    state: LetterState,
    *,
    actor: str = "system",
    cause: Cause = Cause.NONE,
    reply: str = "",
    values: Mapping[str, Any] | None = None,
    holder_only: bool = False,
    although_left_out: bool = False,
) -> None:
    """Moves a locked letter to `queued` or `deferred`, for the person who holds its office today."""
    letters.change_letter(connection, row, state, actor=actor, cause=cause, reply=reply, values=values)
    follow_holders(connection, [row["id"]], holder_only=holder_only, although_left_out=although_left_out)


def follow_holders(
    connection: Connection, letter_ids: Collection[int], *, holder_only: bool = False, although_left_out: bool = False
) -> None:
    """Brings those of these letters that may leave to their offices as they are today.

    With `holder_only` a letter keeps the address that a person chose; `although_left_out` when a person releases a
    letter to an office that its campaign leaves out.
    """
    unfit = office_letters.lock_unfit(connection, letter_ids, holder_only=holder_only) if letter_ids else []
    if not unfit:
        return
    offices = targets.offices_today(connection, sorted({row["office_id"] for row in unfit}))
    for row in unfit:
        with isolated(connection, Faults(), "letter.not_followed", letter_id=row["id"]) as fate:
            fit_letter(connection, row, offices[row["office_id"]], although_left_out=although_left_out)
        if fate.failed:
            hold_for_organizer(connection, row, Cause.NOT_FOLLOWED)


def fit_letter(connection: Connection, row: RowMapping, office: Office, *, although_left_out: bool = False) -> str:
    """Brings a locked letter that waits to its office as it is now; what became of it."""
    if letters.is_erased(connection, row):
        if row["state"] in CLAIMABLE:
            letters.change_letter(connection, row, LetterState.CANCELLED, cause=Cause.SUPPORTER)
        return MOVED
    if office.vacant or not office.email:
        became = _hold(connection, row, office)
    else:
        became = _let_go(connection, row, office, although_left_out=although_left_out)
    change_id = office_changes.last_change(connection, row["office_id"])
    revision = letter_revisions.keep_revision(connection, row, change_id)
    if revision is not None:
        tell_new_holder(connection, row, revision)
    return became


def _hold(connection: Connection, row: RowMapping, office: Office) -> str:
    reason, cause = why_held(office)
    if row["state"] != _HELD:
        values = {"hold_reason": reason.value}
        letters.change_letter(connection, row, LetterState.HELD, cause=cause, values=values)
        return HELD
    if row["hold_reason"] in OF_THE_OFFICE:
        office_letters.hold_otherwise(connection, row, {"hold_reason": reason.value, "cause": cause.value})
        return MOVED
    # Held for something else too: it is written when there is somebody to write to.
    values = {"subject": "", "body": ""}
    if row["hold_reason"] == _ASKED:
        values["cause"] = cause.value
    office_letters.hold_otherwise(connection, row, values)
    return MOVED


def _let_go(connection: Connection, row: RowMapping, office: Office, *, although_left_out: bool) -> str:
    is_new = row["office_holder_id"] != office.holder_id or not row["body"]
    if is_new and not although_left_out and is_left_out(connection, row, office):
        return _leave_out(connection, row)
    is_asked = is_new and (row["hold_reason"] == _ASKED or needs_answer(connection, row, office))
    if is_asked and row["state"] == _HELD and row["hold_reason"] not in (*OF_THE_OFFICE, _ASKED):
        # Its writer is asked when a person has released it.
        return STAYS
    values = words_for(connection, row, office) if is_new else _another_address(office)
    pace.add_domains(connection, [(row["transport"], str(values["receiving_domain"]))])
    if is_new or values["recipient_email"] != row["recipient_email"]:
        letters.readdress(connection, row, values, Cause.REWRITTEN if is_new else Cause.READDRESSED)
    if is_asked:
        return _ask(connection, row)
    if row["state"] == _HELD and row["hold_reason"] in OF_THE_OFFICE:
        letters.change_letter(connection, row, LetterState.QUEUED, values={"hold_reason": None, "tries": 0})
        return LEAVES
    return MOVED if row["state"] == _HELD else LEAVES


def _ask(connection: Connection, row: RowMapping) -> str:
    """Its writer decides whether it goes to the new holder, for whom its greeting is filled already."""
    values = {"hold_reason": _ASKED.value}
    if row["state"] == _HELD:
        office_letters.hold_otherwise(connection, row, {**values, "cause": Cause.NEW_HOLDER.value})
        return MOVED
    letters.change_letter(connection, row, LetterState.HELD, cause=Cause.NEW_HOLDER, values=values)
    return HELD


def _another_address(office: Office) -> dict[str, object]:
    """It changes no word."""
    return {"recipient_email": office.email, "receiving_domain": office.email.rpartition("@")[2].lower()}


def _leave_out(connection: Connection, row: RowMapping) -> str:
    """The campaign asks others of this office's holders, not this one: a person decides."""
    return hold_for_organizer(connection, row, Cause.LEFT_OUT, {"subject": "", "body": ""})


def hold_for_organizer(
    connection: Connection, row: RowMapping, cause: Cause, words: Mapping[str, str] | None = None
) -> str:
    """Holds a letter until an organizer decides; what became of it."""
    values = {"hold_reason": _ORGANIZER, **(words or {})}
    if row["state"] == _HELD:
        office_letters.hold_otherwise(connection, row, {**values, "cause": cause.value})
        return MOVED
    letters.change_letter(connection, row, LetterState.HELD, cause=cause, values=values)
    return HELD


def tell_new_holder(connection: Connection, before: RowMapping, revision: int) -> None:
    """The writer hears once of each change that gave the letter another holder than it had `before`."""
    now = letters.lock_letter(connection, before["id"])
    if now is not None and now["body"] and now["office_holder_id"] not in (None, before["office_holder_id"]):
        follow_ups.insert_new_holder(connection, now["submission_id"], revision)
