"""Applies receipts: finds the email that each is about and tells it, once, by the transition table."""

import time
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import consents, follow_ups, letters, receipts
from shared.db.receipts import Finding
from shared.db.savepoints import Faults, isolated
from shared.domain.causes import Cause
from shared.domain.identities import Mark, read_mark, read_unsubscribe_key
from shared.domain.receipts import Answer, News, Receipt, ReceiptOutcome, ReceiptSource
from shared.domain.suppressions import SuppressionReason
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.outbox import is_our_relay
from shared.services.receipts.follow_up_news import tell_follow_up
from shared.services.receipts.letter_news import tell_letter
from shared.services.receipts.reading import read_receipt
from shared.services.receipts.strays import is_our_own_mail, pass_on_stray
from shared.settings import Settings

_LOG = structlog.get_logger()
BATCH = 50
# News of an email that is just being recorded waits a moment; of one that we don't find, longer and longer.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 5.0, 3_600.0
# An early receipt finds its letter within a lease; ten waits are two hours.
_MOST_TRIES = 10
# Bytes of a mail that is about none of our emails: enough to see what it was.
_KEPT_OF_STRANGERS = 20_000


def apply_receipts(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Applies due receipts for a task's time, then rings again while more are due; returns how many it looked at."""
    ring.answer(TaskName.APPLY_RECEIPTS)
    ends, seen = time.monotonic() + settings.timing.task, 0
    while True:
        ring.rush.make_way()
        with engine.begin() as connection:
            rows = receipts.lock_due(connection, BATCH)
            for row in rows:
                _apply(connection, settings, row)
        seen += len(rows)
        if len(rows) < BATCH:
            break
        if time.monotonic() > ends:
            ring.ring(TaskName.APPLY_RECEIPTS)
            break
    if seen:
        ring.ring(TaskName.SEND_MAIL)
    return seen


def _apply(connection: Connection, settings: Settings, row: RowMapping) -> None:
    """What fails for one receipt harms no other."""
    finding = None
    with isolated(connection, Faults(), "receipt.failed", receipt_id=row["id"]) as fate:
        finding = _find(connection, settings, row)
    if fate.failed:
        finding = None
    if finding is None and row["tries"] < _MOST_TRIES:
        receipts.put_off(connection, row["id"], min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** row["tries"]))
        return
    finding = finding or Finding(ReceiptOutcome.UNMATCHED)
    receipts.write_finding(connection, row["id"], finding)
    if finding.outcome is ReceiptOutcome.UNMATCHED and row["source"] == ReceiptSource.MAIL.value:
        receipts.shorten_raw(connection, row["id"], _KEPT_OF_STRANGERS)
    _LOG.info(
        "receipt.applied",
        receipt_id=row["id"],
        outcome=finding.outcome.value,
        news=finding.news.value,
        letter_id=finding.letter_id,
        follow_up_id=finding.follow_up_id,
    )


def _find(connection: Connection, settings: Settings, row: RowMapping) -> Finding | None:
    """None when it comes too early."""
    receipt = read_receipt(row)
    if receipt.news is News.OTHER:
        return Finding(ReceiptOutcome.IGNORED)
    if receipt.news is News.UNSUBSCRIBED and row["source"] == ReceiptSource.MAIL.value:
        return _unsubscribe(connection, settings, row)
    if receipt.news in (News.ANSWERED, News.AUTO_REPLIED) and is_our_own_mail(
        connection, settings, row["envelope_sender"], receipt.answer
    ):
        return Finding(ReceiptOutcome.IGNORED, receipt.news)
    found = _email_of(connection, settings, row["source"], receipt.marks)
    if found is None and receipt.news is News.ANSWERED and receipt.answer is not None:
        return _pass_on_stray(connection, settings, row, receipt.answer)
    if found is None:
        # A relay's own name for an email is known only once its answer is recorded.
        can_come = row["source"] != ReceiptSource.MAIL.value and row["tries"] < _MOST_TRIES
        return None if can_come else Finding(ReceiptOutcome.UNMATCHED, receipt.news)
    return _tell(connection, settings, row, receipt, found)


def _tell(connection: Connection, settings: Settings, row: RowMapping, receipt: Receipt, mark: Mark) -> Finding | None:
    """Locks the email and tells it; None when it is just being sent."""
    is_letter, number = mark.kind == "letter", mark.number
    lock = letters.lock_letter if is_letter else follow_ups.lock_follow_up
    email = lock(connection, number)
    if email is None:
        return Finding(ReceiptOutcome.UNMATCHED, receipt.news)
    numbers = (number, None) if is_letter else (None, number)
    if _is_of_another_copy(connection, email, row["source"], receipt, mark):
        return Finding(ReceiptOutcome.IGNORED, receipt.news, Cause.NONE, *numbers)
    if is_letter:
        is_by_relay = row["source"] != ReceiptSource.MAIL.value or is_our_relay(settings, receipt.reporter)
        is_proved = mark.resends is not None
        told = tell_letter(connection, email, receipt, row["id"], is_proved=is_proved, is_by_relay=is_by_relay)
    else:
        told = tell_follow_up(connection, settings, email, receipt, row["id"])
    if told is None:
        return None
    outcome, cause = told
    return Finding(outcome, receipt.news, cause, *numbers)


def _is_of_another_copy(connection: Connection, email: RowMapping, source: str, receipt: Receipt, mark: Mark) -> bool:
    """True for news that say nothing about the email as it is now: an earlier copy failed, or another person got it."""
    if receipt.news not in (News.BOUNCED, News.DELAYED, News.DELIVERED):
        return False
    if not _is_of_an_earlier_time(email, source, receipt, mark):
        return False
    if receipt.news is not News.DELIVERED:
        return True
    return mark.kind == "letter" and letters.went_elsewhere(connection, mark.number)


def _is_of_an_earlier_time(email: RowMapping, source: str, receipt: Receipt, mark: Mark) -> bool:
    """True for news of a time before the email was queued again; a relay that says no time names its own id of it."""
    if mark.resends is not None:
        return mark.resends < int(email["resends"])
    is_from_relay = source != ReceiptSource.MAIL.value
    return is_from_relay and email["resends"] > 0 and email["relay_id"] not in ("", *receipt.marks)


def _email_of(connection: Connection, settings: Settings, source: str, marks: Sequence[str]) -> Mark | None:
    """By our own signed marks; by a relay's name for it only where the relay itself proved who it is."""
    ours = [found for mark in marks if (found := read_mark(settings.secret_key, mark))]
    if ours:
        same = (one for one in ours if one.kind == ours[0].kind and one.number == ours[0].number)
        return next((one for one in same if one.resends is not None), ours[0])
    if source == ReceiptSource.MAIL.value:
        return None
    return receipts.find_by_relay_id(connection, [mark.strip(" <>") for mark in marks])


def _pass_on_stray(connection: Connection, settings: Settings, row: RowMapping, answer: Answer) -> Finding:
    about = pass_on_stray(connection, settings, row, answer)
    if about is None:
        return Finding(ReceiptOutcome.UNMATCHED, News.ANSWERED)
    # A supporter's goes when their data go; which letter an office means nobody knows.
    number = about.number if about.kind == "follow_up" else None
    return Finding(ReceiptOutcome.APPLIED, News.ANSWERED, follow_up_id=number)


def _unsubscribe(connection: Connection, settings: Settings, row: RowMapping) -> Finding:
    number = read_unsubscribe_key(settings.secret_key, row["envelope_recipient"])
    follow_up = follow_ups.find_follow_up(connection, number) if number else None
    if follow_up is None:
        return Finding(ReceiptOutcome.UNMATCHED, News.UNSUBSCRIBED)
    reason = SuppressionReason.UNSUBSCRIBED
    consents.suppress(connection, follow_up["email_hash"], follow_up["campaign_id"], reason, source="mail")
    return Finding(ReceiptOutcome.APPLIED, News.UNSUBSCRIBED, Cause.NONE, follow_up_id=follow_up["id"])
