"""What news of an email to a supporter means: its state, and whether the address may get any more."""

from sqlalchemy import Connection, RowMapping

from shared.db import consents, follow_ups
from shared.domain.causes import Cause
from shared.domain.follow_ups import TO_ORGANIZERS
from shared.domain.identities import Mark, email_hash
from shared.domain.receipts import Answer, News, Receipt, ReceiptOutcome
from shared.domain.states import LETTER_ARROWS, LetterState
from shared.domain.suppressions import SuppressionReason
from shared.services.receipts.letter_news import IGNORED, WAITS_S, Told, after, bounce_refusal
from shared.settings import Settings


def tell_follow_up(
    connection: Connection, settings: Settings, row: RowMapping, receipt: Receipt, receipt_id: int
) -> Told | None:
    """Tells a locked follow-up; None when it is just being sent and the news must wait for that."""
    if receipt.news is News.ANSWERED:
        return _pass_on(connection, settings, row, receipt, receipt_id)
    if receipt.news in (News.COMPLAINED, News.UNSUBSCRIBED):
        return _suppress(connection, row, receipt.news)
    if receipt.news in (News.AUTO_REPLIED, News.DELAYED):
        return IGNORED
    if LetterState(row["state"]) is LetterState.SENDING:
        return None
    if receipt.news is News.DELIVERED:
        return _move(connection, row, LetterState.DELIVERED, Cause.NONE, receipt.reply)
    return _bounce(connection, row, receipt)


def _suppress(connection: Connection, row: RowMapping, news: News) -> Told:
    """A complaint ends everything, an unsubscription this campaign."""
    if news is News.COMPLAINED:
        consents.suppress(connection, row["email_hash"], None, SuppressionReason.COMPLAINED, source="receipt")
        return ReceiptOutcome.APPLIED, Cause.COMPLAINED
    reason = SuppressionReason.UNSUBSCRIBED
    consents.suppress(connection, row["email_hash"], row["campaign_id"], reason, source="receipt")
    return ReceiptOutcome.APPLIED, Cause.NONE


def _bounce(connection: Connection, row: RowMapping, receipt: Receipt) -> Told:
    refusal = bounce_refusal(receipt, row["message_id"])
    cause = refusal.cause
    if cause in WAITS_S and row["tries"] < follow_ups.MOST_TRIES:
        told = _move(connection, row, LetterState.DEFERRED, cause, receipt.reply)
        if told != IGNORED:
            return told
    told = _move(connection, row, LetterState.BOUNCED, cause, receipt.reply)
    is_proof = cause is Cause.NO_SUCH_ADDRESS and refusal.is_certain
    if told != IGNORED and is_proof and row["kind"] not in TO_ORGANIZERS:
        consents.suppress(connection, row["email_hash"], None, SuppressionReason.BOUNCED, source="receipt")
    return told


def _move(connection: Connection, row: RowMapping, state: LetterState, cause: Cause, reply: str) -> Told:
    if state not in LETTER_ARROWS[LetterState(row["state"])]:
        return IGNORED
    values: dict[str, object] = {"cause": cause.value, "remote_reply": reply}
    if state is LetterState.DELIVERED:
        values["sent_at"] = row["sent_at"] or row["state_changed_at"]
    if state is LetterState.DEFERRED:
        values["due_at"] = after(WAITS_S[cause])
    follow_ups.change_follow_up(connection, row, state, values)
    return ReceiptOutcome.APPLIED, cause


def _pass_on(connection: Connection, settings: Settings, row: RowMapping, receipt: Receipt, receipt_id: int) -> Told:
    """A supporter who answers to one of ours means the organizers."""
    # A machine at the organizers' that answers what we passed on would go round and round.
    if receipt.answer is None or row["kind"] in TO_ORGANIZERS:
        return IGNORED
    tell_organizers(connection, settings, Mark("follow_up", row["id"]), receipt.answer, receipt_id)
    return ReceiptOutcome.APPLIED, Cause.NONE


def tell_organizers(connection: Connection, settings: Settings, about: Mark, answer: Answer, receipt_id: int) -> None:
    """Passes an answer on to the organizers; `about` is an email of ours to which it belongs."""
    follow_ups.insert_for_organizer(
        connection,
        about,
        receipt_id,
        recipient=settings.organizer_email,
        email_hash=email_hash(settings.secret_key, settings.organizer_email),
        reply_to=answer.sender_address,
    )
