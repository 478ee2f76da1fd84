"""What news of a letter to an office means: its new state, the office's address, and the supporter's share of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, RowMapping, func

from shared.db import follow_ups, letters, pace
from shared.db.happenings import note
from shared.domain.causes import Cause
from shared.domain.expiry import GIVE_UP_AFTER
from shared.domain.follow_ups import Trigger
from shared.domain.happenings import Happening
from shared.domain.pace import DISTRUST_S
from shared.domain.receipts import News, Receipt, ReceiptOutcome
from shared.domain.states import CLAIMABLE, LETTER_ARROWS, LetterState
from shared.domain.status_codes import Meaning, read_status
from shared.domain.transport import Transport
from shared.services.follow_up_plan import plan_for_letters
from shared.services.letter_fit import make_waiting
from shared.services.office_addresses import address_failed, try_second_address

_LOG = structlog.get_logger()
Told = tuple[ReceiptOutcome, Cause]
IGNORED: Told = (ReceiptOutcome.IGNORED, Cause.NONE)
# More than so many from offices to one supporter are no conversation.
_MOST_A_DAY = 20
# What came back for these can still arrive. A full mailbox is emptied by a person, if at all, and our DNS is mended by
# one: asked again until the letter's last day.
WAITS_S = {Cause.MAILBOX_FULL: 24 * 3_600.0, Cause.OUR_DNS: DISTRUST_S}


def tell_letter(connection: Connection, row: RowMapping, receipt: Receipt, receipt_id: int) -> Told | None:
    """Tells a locked letter; None when it is just being sent and the news must wait for that."""
    if receipt.news in (News.ANSWERED, News.AUTO_REPLIED):
        return _pass_on(connection, row, receipt, receipt_id)
    if _is_about_another(receipt.recipient, row["recipient_email"].lower()):
        return IGNORED
    if receipt.news in (News.COMPLAINED, News.UNSUBSCRIBED):
        letters.note_event(connection, row, Cause.COMPLAINED, receipt.reply)
        address_failed(connection, row, Cause.COMPLAINED)
        return ReceiptOutcome.APPLIED, Cause.COMPLAINED
    return None if LetterState(row["state"]) is LetterState.SENDING else _tell_delivery(connection, row, receipt)


def _is_about_another(named: str, address: str) -> bool:
    """True for an address that this letter went to before; a server that forwards names one of a domain behind it."""
    return bool(named) and named != address and named.rpartition("@")[2] == address.rpartition("@")[2]


def _tell_delivery(connection: Connection, row: RowMapping, receipt: Receipt) -> Told:
    if receipt.news is News.DELAYED:
        letters.note_event(connection, row, Cause.TEMPORARY, receipt.reply)
        return ReceiptOutcome.APPLIED, Cause.TEMPORARY
    if receipt.news is News.DELIVERED:
        return _deliver(connection, row, receipt)
    return _bounce(connection, row, receipt)


def _deliver(connection: Connection, row: RowMapping, receipt: Receipt) -> Told:
    """A letter of which nobody knew whether it had left has left: what follows the first one follows now."""
    values = {"sent_at": row["sent_at"] or row["state_changed_at"]}
    told = _move(connection, row, LetterState.DELIVERED, Cause.NONE, receipt.reply, values)
    if told != IGNORED and row["sent_at"] is None:
        plan_for_letters(connection, [row], Trigger.FIRST_SENT)
    return told


def after(seconds: float) -> ColumnElement[datetime]:
    """The moment so many seconds from now, by the database's clock."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _distrusted(connection: Connection, row: RowMapping, cause: Cause) -> None:
    """A server that took the letter and then refused its sender: the next letters would only come back too."""
    pace.stop_domain(connection, Transport(row["transport"]), row["receiving_domain"], break_s=DISTRUST_S, cause=cause)
    note(connection, Happening.LEFT_ALONE, campaign_ids=[row["campaign_id"]], about=row["receiving_domain"])
    _LOG.error("delivery.stopped", domain=row["receiving_domain"], cause=cause.value, for_s=DISTRUST_S)


def bounce_cause(receipt: Receipt) -> Cause:
    """Why it came back; a temporary trouble that ended in a bounce has lasted too long."""
    meaning, cause = read_status(receipt.status, receipt.reply)
    return Cause.GAVE_UP if meaning is Meaning.TEMPORARY and cause is Cause.TEMPORARY else cause


def _bounce(connection: Connection, row: RowMapping, receipt: Receipt) -> Told:
    cause = bounce_cause(receipt)
    can_wait = LetterState.DEFERRED in LETTER_ARROWS[LetterState(row["state"])]
    if cause in WAITS_S and can_wait and not letters.is_erased(connection, row):
        if cause is Cause.OUR_DNS:
            _distrusted(connection, row, cause)
        values = {"due_at": after(WAITS_S[cause])}
        if not row["resends"]:
            # Until it came back nothing was left to try.
            values["deliver_by"] = after(GIVE_UP_AFTER.total_seconds())
        return _move(connection, row, LetterState.DEFERRED, cause, receipt.reply, values)
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
    move = make_waiting if state in CLAIMABLE else letters.change_letter
    move(connection, row, state, cause=cause, reply=reply, values=values)
    return ReceiptOutcome.APPLIED, cause


def _pass_on(connection: Connection, row: RowMapping, receipt: Receipt, receipt_id: int) -> Told:
    """Answers belong to the supporter: an office that answers to our address has answered to them."""
    if receipt.answer is not None and receipt.answer.sender_address.casefold() == row["reply_to"].casefold():
        # The supporter's own mail, with a copy to us.
        return IGNORED
    if receipt.news is News.ANSWERED:
        letters.tell_answered(connection, row["id"], is_answered=True)
    if receipt.answer is not None and follow_ups.count_passed_on(connection, row["submission_id"]) >= _MOST_A_DAY:
        _LOG.warning("answer.not_passed_on", letter_id=row["id"])
        return IGNORED
    if receipt.answer is not None:
        follow_ups.insert_passed_on(connection, row["submission_id"], receipt_id, receipt.answer.sender_address)
    return ReceiptOutcome.APPLIED, Cause.NONE
