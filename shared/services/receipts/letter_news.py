"""What news of a letter to an office means: its new state, the office's address, and the supporter's share of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, RowMapping, func

from shared.db import domain_answers, follow_ups, letters, pace
from shared.db.happenings import note
from shared.db.signs_of_life import note_sign
from shared.domain.causes import Cause
from shared.domain.expiry import GIVE_UP_AFTER
from shared.domain.follow_ups import Trigger
from shared.domain.happenings import Happening
from shared.domain.pace import REST_S
from shared.domain.receipts import News, Receipt, ReceiptOutcome, are_of_one_organization
from shared.domain.refusals import EFFECTS, Effect, Refusal, read_refusal
from shared.domain.states import CLAIMABLE, HAS_LEFT, LETTER_ARROWS, LetterState
from shared.domain.transport import Transport
from shared.services.delivery.refusal_runs import learn_from_report
from shared.services.follow_up_plan import plan_for_letters
from shared.services.letter_fit import make_waiting
from shared.services.office_addresses import address_failed, address_refused, try_second_address

_LOG = structlog.get_logger()
Told = tuple[ReceiptOutcome, Cause]
IGNORED: Told = (ReceiptOutcome.IGNORED, Cause.NONE)
# More than so many from offices to one supporter are no conversation.
_MOST_A_DAY = 20
# What came back for these can still arrive: asked again until the letter's last day. A full mailbox is emptied by a
# person, if at all; what is about us is not about the letter.
_RELAY_WAIT_S = 3_600.0
WAITS_S = {
    Cause.MAILBOX_FULL: 24 * 3_600.0,
    **REST_S,
    **{cause: _RELAY_WAIT_S for cause, effect in EFFECTS.items() if effect is Effect.RELAY},
}


def tell_letter(
    connection: Connection, row: RowMapping, receipt: Receipt, receipt_id: int, *, is_proved: bool, is_by_relay: bool
) -> Told | None:
    """Tells a locked letter; None when it is just being sent and the news must wait for that.

    `is_proved` when the news came to the signed envelope sender of the letter's last attempt: it is about that one,
    by whatever name the server knows the mailbox. `is_by_relay` when our relay says itself that it was refused.
    """
    if receipt.news in (News.ANSWERED, News.AUTO_REPLIED):
        return _pass_on(connection, row, receipt, receipt_id)
    is_complaint = receipt.news in (News.COMPLAINED, News.UNSUBSCRIBED)
    # A complaint may come long after the letter went to another address.
    is_about_this = is_proved and not is_complaint
    if not is_about_this and _is_about_another(receipt.recipient, row):
        return IGNORED
    if is_complaint:
        letters.note_event(connection, row, Cause.COMPLAINED, receipt.reply)
        address_failed(connection, row, Cause.COMPLAINED)
        if receipt.never_left:
            told = _move(connection, row, LetterState.BOUNCED, Cause.COMPLAINED, receipt.reply)
            if told != IGNORED:
                plan_for_letters(connection, [row], Trigger.FAILED)
        return ReceiptOutcome.APPLIED, Cause.COMPLAINED
    if LetterState(row["state"]) is LetterState.SENDING:
        return None
    return _tell_delivery(connection, row, receipt, is_by_relay=is_by_relay)


def _is_about_another(named: str, row: RowMapping) -> bool:
    """True for an address that this letter went to before; a server that forwards names one of a domain behind it."""
    address = row["recipient_email"].lower()
    is_known = named in ("", address)
    return not is_known and (row["resends"] > 0 or named.rpartition("@")[2] == address.rpartition("@")[2])


def _tell_delivery(connection: Connection, row: RowMapping, receipt: Receipt, *, is_by_relay: bool) -> Told:
    if receipt.news is News.DELAYED:
        letters.note_event(connection, row, Cause.TEMPORARY, receipt.reply)
        return ReceiptOutcome.APPLIED, Cause.TEMPORARY
    if receipt.news is News.DELIVERED:
        # A relay that reports for a server only repeats that it accepted the letter.
        if not is_by_relay and are_of_one_organization(receipt.reporter, row["receiving_domain"]):
            note_sign(connection, row["id"])
        return _deliver(connection, row, receipt)
    return _bounce(connection, row, receipt, is_by_relay=is_by_relay)


def _deliver(connection: Connection, row: RowMapping, receipt: Receipt) -> Told:
    """A letter that may have left has left: the emails that follow a first letter are due now.

    One that waits again after it had left, or then failed, has arrived after all, and goes no more; unless it was
    written to another person meanwhile.
    """
    state = LetterState(row["state"])
    if state not in HAS_LEFT and (not row["resends"] or letters.went_elsewhere(connection, row["id"])):
        return IGNORED
    values = {"sent_at": row["sent_at"] or row["state_changed_at"], "hold_reason": None}
    told = _move(connection, row, LetterState.DELIVERED, Cause.NONE, receipt.reply, values)
    if told != IGNORED or state is LetterState.BOUNCED:
        # What was refused in a run does not go back if it arrived after all.
        domain_answers.forget_letter(connection, row["id"])
    if told != IGNORED and row["sent_at"] is None:
        plan_for_letters(connection, [row], Trigger.FIRST_SENT)
    return told


def after(seconds: float) -> ColumnElement[datetime]:
    """The moment so many seconds from now, by the database's clock."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _stop(connection: Connection, row: RowMapping, cause: Cause) -> None:
    """A server that took the letter and then refused us: the next letters would only come back too."""
    rest_s = WAITS_S[cause]
    pace.stop_domain(connection, Transport(row["transport"]), row["receiving_domain"], break_s=rest_s, cause=cause)
    note(connection, Happening.LEFT_ALONE, campaign_ids=[row["campaign_id"]], about=row["receiving_domain"])
    _LOG.error("delivery.stopped", domain=row["receiving_domain"], cause=cause.value, for_s=rest_s)


def bounce_refusal(receipt: Receipt, message_id: str) -> Refusal:
    """Why the email of this Message-ID came back; a temporary trouble that ended in a bounce has lasted too long."""
    ours = message_id.rpartition("@")[2].rstrip(">")
    refusal = read_refusal(receipt.reply, status=receipt.status, ours=ours)
    return Refusal(Cause.GAVE_UP) if refusal.cause is Cause.TEMPORARY else refusal


def _bounce(connection: Connection, row: RowMapping, receipt: Receipt, *, is_by_relay: bool) -> Told:
    refusal = bounce_refusal(receipt, row["message_id"])
    cause = refusal.cause
    can_wait = LetterState.DEFERRED in LETTER_ARROWS[LetterState(row["state"])]
    can_wait = can_wait and not _may_have_copy(row, receipt, cause, is_by_relay=is_by_relay)
    if cause in WAITS_S and can_wait and not letters.is_erased(connection, row):
        values: dict[str, Any] = {"due_at": after(WAITS_S[cause])}
        if refusal.effect in (Effect.DOMAIN, Effect.RELAY):
            _stop(connection, row, cause)
            # An attempt that failed for us is none of the letter's.
            values["tries"] = 0
        if not row["resends"]:
            # Until it came back nothing was left to try.
            values["deliver_by"] = after(GIVE_UP_AFTER.total_seconds())
        return _move(connection, row, LetterState.DEFERRED, cause, receipt.reply, values)
    told = _move(connection, row, LetterState.BOUNCED, cause, receipt.reply)
    if told != IGNORED:
        if cause is Cause.NO_SUCH_ADDRESS:
            # A mailbox that the address leads to, and perhaps not the only one, proves nothing about the address.
            if receipt.recipient in ("", row["recipient_email"].lower()):
                address_refused(connection, row, is_certain=refusal.is_certain)
            try_second_address(connection, [row["id"]])
        plan_for_letters(connection, [row], Trigger.FAILED)
        has_no_copy = is_by_relay and _has_no_copy(row, receipt)
        learn_from_report(connection, row, cause, receipt.reply, has_no_copy=has_no_copy)
    return told


def _may_have_copy(row: RowMapping, receipt: Receipt, cause: Cause, *, is_by_relay: bool) -> bool:
    """A server of the office passed it on to one of another organization that refused it; or it had been delivered.

    A mailbox may turn out to be full after a server has taken the letter for it.
    """
    is_forwarded = are_of_one_organization(receipt.reporter, row["receiving_domain"]) and not is_by_relay
    was_delivered = row["state"] == LetterState.DELIVERED.value and cause is not Cause.MAILBOX_FULL
    return is_forwarded or was_delivered


def _has_no_copy(row: RowMapping, receipt: Receipt) -> bool:
    """A server to which we delivered ourselves had taken the letter. So had one that reports of another mailbox."""
    is_about_it = receipt.recipient in ("", row["recipient_email"].lower())
    return is_about_it and row["transport"] != Transport.DIRECT and row["state"] != LetterState.DELIVERED.value


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
    is_office = receipt.answer is None or receipt.answer.is_from(row["recipient_email"])
    if receipt.news is News.ANSWERED and is_office:
        letters.tell_answered(connection, row["id"], is_answered=True)
    if receipt.news is News.AUTO_REPLIED and not is_office:
        return IGNORED
    if is_office:
        note_sign(connection, row["id"])
    if receipt.answer is not None and follow_ups.count_passed_on(connection, row["submission_id"]) >= _MOST_A_DAY:
        _LOG.warning("answer.not_passed_on", letter_id=row["id"])
        return IGNORED
    if receipt.answer is not None:
        # A reply to what a stranger wrote would go to the stranger.
        reply_to = receipt.answer.sender_address if is_office else ""
        follow_ups.insert_passed_on(connection, row["submission_id"], receipt_id, reply_to)
    return ReceiptOutcome.APPLIED, Cause.NONE
