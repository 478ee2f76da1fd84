"""What news of a letter to an office means: its new state, the office's address, and the supporter's share of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, func

from shared.db import follow_ups, letters
from shared.domain.causes import Cause
from shared.domain.follow_ups import Trigger
from shared.domain.receipts import News, Receipt, ReceiptOutcome
from shared.domain.states import LETTER_ARROWS, LetterState
from shared.domain.status_codes import Meaning, read_status
from shared.services.follow_up_plan import plan_for_letters
from shared.services.office_addresses import address_failed, try_second_address

Told = tuple[ReceiptOutcome, Cause]
IGNORED: Told = (ReceiptOutcome.IGNORED, Cause.NONE)
# A full mailbox is emptied by a person, if at all: asked again once a day, until the letter's last day.
FULL_MAILBOX_WAIT_S = 24 * 3_600.0


def tell_letter(connection: Connection, row: RowMapping, receipt: Receipt, receipt_id: int) -> Told | None:
    """Tells a locked letter; None when it is just being sent and the news must wait for that."""
    if receipt.news in (News.ANSWERED, News.AUTO_REPLIED):
        return _pass_on(connection, row, receipt, receipt_id)
    if receipt.news in (News.COMPLAINED, News.UNSUBSCRIBED):
        letters.note_event(connection, row, Cause.COMPLAINED, receipt.reply)
        address_failed(connection, row, Cause.COMPLAINED)
        return ReceiptOutcome.APPLIED, Cause.COMPLAINED
    if receipt.recipient and receipt.recipient != row["recipient_email"].lower():
        # About an address that this letter went to before.
        return IGNORED
    return None if LetterState(row["state"]) is LetterState.SENDING else _tell_delivery(connection, row, receipt)


def _tell_delivery(connection: Connection, row: RowMapping, receipt: Receipt) -> Told:
    if receipt.news is News.DELAYED:
        letters.note_event(connection, row, Cause.TEMPORARY, receipt.reply)
        return ReceiptOutcome.APPLIED, Cause.TEMPORARY
    if receipt.news is News.DELIVERED:
        return _move(connection, row, LetterState.DELIVERED, Cause.NONE, receipt.reply)
    return _bounce(connection, row, receipt)


def bounce_cause(receipt: Receipt) -> Cause:
    """Why it came back; a temporary trouble that ended in a bounce has lasted too long."""
    meaning, cause = read_status(receipt.status)
    return Cause.GAVE_UP if meaning is Meaning.TEMPORARY and cause is Cause.TEMPORARY else cause


def _bounce(connection: Connection, row: RowMapping, receipt: Receipt) -> Told:
    cause = bounce_cause(receipt)
    if cause is Cause.MAILBOX_FULL and LetterState.DEFERRED in LETTER_ARROWS[LetterState(row["state"])]:
        wait = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, FULL_MAILBOX_WAIT_S)
        return _move(connection, row, LetterState.DEFERRED, cause, receipt.reply, {"due_at": wait})
    told = _move(connection, row, LetterState.BOUNCED, cause, receipt.reply)
    if told != IGNORED:
        if cause is Cause.NO_SUCH_ADDRESS:
            address_failed(connection, row, cause)
            try_second_address(connection, [row["id"]])
        plan_for_letters(connection, [row], Trigger.FAILED)
    return told


def _move(
    connection: Connection,
    row: RowMapping,
    state: LetterState,
    cause: Cause,
    reply: str,
    values: Mapping[str, Any] | None = None,
) -> Told:
    if state not in LETTER_ARROWS[LetterState(row["state"])]:
        return IGNORED
    letters.change_letter(connection, row, state, cause=cause, reply=reply, values=values)
    return ReceiptOutcome.APPLIED, cause


def _pass_on(connection: Connection, row: RowMapping, receipt: Receipt, receipt_id: int) -> Told:
    """Answers belong to the supporter: an office that answers to our address has answered to them."""
    if receipt.news is News.ANSWERED:
        letters.tell_answered(connection, row["id"], is_answered=True)
    if receipt.answer is not None:
        follow_ups.insert_passed_on(connection, row["submission_id"], receipt_id, receipt.answer.sender_address)
    return ReceiptOutcome.APPLIED, Cause.NONE
