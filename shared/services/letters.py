"""What organizers do with single letters: retry and cancel, each with their id in the event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import IntegrityError

from shared.clock import now
from shared.db import letters, office_addresses, office_letters, targets
from shared.db.expiry import new_deliver_by
from shared.db.tables.letters import ONE_PER_OFFICE
from shared.domain.bulk import RETRYABLE
from shared.domain.causes import Cause
from shared.domain.states import CANCELLABLE, CLAIMABLE, HoldReason, LetterState
from shared.errors import NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.letter_fit import follow_holders, make_waiting
from shared.services.office_addresses import goes_to


def can_retry(state: LetterState, cause: str) -> bool:
    """True when retrying means something in this state. What a supporter took back stays theirs."""
    return state in RETRYABLE and not (state is LetterState.CANCELLED and cause == Cause.SUPPORTER)


def can_cancel(state: LetterState) -> bool:
    """True while the letter has not left."""
    return state in CANCELLABLE


def retry_letter(engine: Engine, ring: Ring, letter_id: int, *, actor: str) -> None:
    """Queues the letter again, due at once, to the address that its office has today.

    A letter held for its office is rendered for today's holder. Raises NotFound, or NotAllowed with the reason.
    """
    with engine.begin() as connection:
        row = letters.lock_letter(connection, letter_id)
        if row is None:
            raise NotFound("There is no such letter.")
        state = LetterState(row["state"])
        if not row["reply_to"]:
            raise NotAllowed("The supporter's data were deleted. This letter can't be sent any more.")
        if not can_retry(state, row["cause"]):
            raise NotAllowed(f"A letter that is {state} can't be retried.")
        office = targets.offices_today(connection, [row["office_id"]])[row["office_id"]]
        address = office_addresses.working_address(connection, office.holder_id)
        send_again(connection, row, actor=actor, due_at=now(), address=address)
    ring.ring(TaskName.DELIVER_LETTERS)
    ring.ring(TaskName.RETRY_LETTERS)


def send_again(connection: Connection, row: RowMapping, *, actor: str, due_at: datetime, address: str) -> None:
    """Queues a locked letter that may be retried, to `address`; raises NotAllowed with the reason.

    Without an address it goes where it went before. Written for somebody who does not hold the office today, it follows
    the seat: filled anew, or held until its writer answers.
    """
    state = LetterState(row["state"])
    # What was held may still be within its time for undo.
    due_at = max(due_at, row["due_at"]) if state is LetterState.HELD else due_at
    values: dict[str, Any] = {"due_at": due_at}
    is_stale = office_letters.is_stale(connection, row)
    if is_stale:
        _require_holder(connection, row)
    elif address and address.lower() != row["recipient_email"].lower():
        values |= goes_to(connection, row, address)
    if state is LetterState.DEFERRED:
        values["deliver_by"] = new_deliver_by(due_at)
        letters.hurry(connection, row, values, actor=actor)
        follow_holders(connection, [row["id"]], holder_only=True)
    else:
        values |= {"tries": 0, "hold_reason": None}
        _queue_again(connection, row, actor, values)
    if is_stale and address:
        _take_address(connection, row["id"], address)


def _take_address(connection: Connection, letter_id: int, address: str) -> None:
    """A letter that was filled anew goes to the address of its new holder that was asked for."""
    row = letters.lock_letter(connection, letter_id)
    if row and row["state"] in CLAIMABLE and address.lower() != row["recipient_email"].lower():
        letters.readdress(connection, row, goes_to(connection, row, address), Cause.READDRESSED)


def retry_held_for_addresses(engine: Engine, ring: Ring, campaign_id: int, *, actor: str) -> int:
    """Queues one campaign's letters that are held for a failing address, to that address; how many.

    The address goes on failing: what is known of it concerns all campaigns.
    """
    retried = 0
    with engine.begin() as connection:
        for row in letters.lock_held_in(connection, campaign_id, HoldReason.ADDRESS_FAILING):
            try:
                send_again(connection, row, actor=actor, due_at=now(), address="")
            except NotAllowed:
                continue
            retried += 1
    ring.ring(TaskName.DELIVER_LETTERS)
    return retried


def cancel_letter(engine: Engine, letter_id: int, *, actor: str) -> None:
    """Takes a letter that has not left out of the queue; raises NotFound or NotAllowed."""
    with engine.begin() as connection:
        row = letters.lock_letter(connection, letter_id)
        if row is None:
            raise NotFound("There is no such letter.")
        if not can_cancel(LetterState(row["state"])):
            raise NotAllowed("This letter is already leaving or has ended. It can't be cancelled any more.")
        letters.change_letter(connection, row, LetterState.CANCELLED, actor=actor, cause=Cause.ORGANIZER)


def _queue_again(connection: Connection, row: RowMapping, actor: str, values: Mapping[str, Any]) -> None:
    """To `queued`; a cancelled letter has lost its place when the supporter wrote again, then raises NotAllowed."""
    try:
        with connection.begin_nested():
            make_waiting(
                connection,
                row,
                LetterState.QUEUED,
                actor=actor,
                cause=Cause.ORGANIZER,
                values=values,
                holder_only=True,
                although_left_out=row["hold_reason"] == HoldReason.ORGANIZER.value,
            )
    except IntegrityError as error:
        if ONE_PER_OFFICE not in str(error.orig):
            raise
        raise NotAllowed(
            "This supporter has written to this office again; the newer letter counts. Retry that one if it failed."
        ) from error


def _require_holder(connection: Connection, row: RowMapping) -> None:
    """Raises NotAllowed while nobody holds the office who can be written to."""
    office = targets.offices_today(connection, [row["office_id"]]).get(row["office_id"])
    if office is None or office.vacant or not office.email:
        missing = "email address" if row["hold_reason"] == HoldReason.NO_EMAIL else "holder with an email address"
        raise NotAllowed(f"This office has no {missing} yet. Import the legislators again, then retry.")
