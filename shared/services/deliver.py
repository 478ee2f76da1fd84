"""Claims due letters, hands them to a mail server over one kept connection, and records what became of each.

claim (COMMIT) -> SMTP, no transaction open -> record (COMMIT), fenced by the attempt. What was claimed and
not reached goes back to `queued`; nothing is guessed.
"""

import time
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func

from shared.db import campaigns, letters
from shared.db.submissions import read_by_id
from shared.domain.backoff import deferred_delay
from shared.domain.causes import Cause
from shared.domain.identities import envelope_sender
from shared.domain.states import LetterState
from shared.domain.transport import Route, Transport
from shared.providers.smtp import Outcome, SmtpSession, Verdict
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.letters import text_to_html
from shared.rendering.mime import Mail, build_mail, html_document
from shared.services.follow_up_plan import plan_follow_ups
from shared.services.outbox import (
    BATCH,
    PAUSE_AFTER_REFUSAL_S,
    TASK_SECONDS,
    open_transports,
    server_url,
    worker_name,
)
from shared.settings import Settings

_LOG = structlog.get_logger()
# No mail server takes such an address as it stands; it must not take the rest of the batch along.
NO_MAIL_ADDRESS = Outcome(Verdict.REJECTED, Cause.NO_SUCH_ADDRESS, "The address holds characters that mail refuses.")


def deliver_letters(engine: Engine, ring: Ring, settings: Settings, *, first_tries: bool) -> int:
    """Delivers due letters for at most 20 s, then rings again while more are due; returns how many it claimed."""
    task = TaskName.DELIVER_LETTERS if first_tries else TaskName.RETRY_LETTERS
    ring.answer(task)
    ends, total = time.monotonic() + TASK_SECONDS, 0
    while True:
        with engine.begin() as connection:
            batch = letters.claim_letters(
                connection,
                worker=worker_name(),
                first_tries=first_tries,
                transports=open_transports(settings),
                limit=BATCH,
            )
        if not batch:
            return total
        total += len(batch)
        _deliver_batch(engine, ring, settings, batch, ends)
        if time.monotonic() > ends:
            ring.ring(task)
            return total


def _deliver_batch(engine: Engine, ring: Ring, settings: Settings, batch: list[RowMapping], ends: float) -> None:
    transport = Transport(batch[0]["transport"])
    senders = _senders(engine, settings, batch)
    with SmtpSession(server_url(settings, transport), settings.mail_domain) as session:
        for index, row in enumerate(batch):
            if time.monotonic() > ends:
                _release(engine, batch[index:], Cause.NONE, delay_s=0)
                return
            sender = envelope_sender(settings.secret_key, "letter", row["id"], settings.mail_domain)
            outcome = NO_MAIL_ADDRESS
            if row["recipient_email"].isascii():
                outcome = session.send(sender, row["recipient_email"], letter_bytes(row, *senders[row["campaign_id"]]))
            _LOG.info("letter.tried", letter_id=row["id"], attempt=row["attempt"], verdict=outcome.verdict.value)
            if outcome.verdict is Verdict.UNSENT:
                _LOG.error("delivery.stopped", transport=transport.value, cause=outcome.cause.value)
                _release(engine, batch[index:], outcome.cause, delay_s=PAUSE_AFTER_REFUSAL_S, reply=outcome.reply)
                return
            if _record(engine, row, outcome):
                ring.ring(TaskName.SEND_MAIL)


def letter_bytes(row: RowMapping, sender_name: str, sender_address: str) -> bytes:
    """The email of a letter: a pure function of its row, so that every attempt sends the same bytes."""
    return build_mail(
        Mail(
            from_name=f"{row['from_name']} via {sender_name}",
            from_address=sender_address,
            to_name=f"{row['recipient_title']} {row['recipient_name']}",
            to_address=row["recipient_email"],
            subject=row["subject"],
            text=row["body"],
            html=html_document(text_to_html(row["body"])),
            message_id=row["message_id"],
            date=row["created_at"],
            reply_to_name=row["from_name"],
            reply_to=row["reply_to"],
        )
    )


def _senders(engine: Engine, settings: Settings, batch: list[RowMapping]) -> dict[int, tuple[str, str]]:
    """Name and address in From, the same for all letters of a campaign, so that an office can allow it."""
    with engine.connect() as connection:
        stored = [campaigns.read_campaign(connection, number) for number in {row["campaign_id"] for row in batch}]
    return {s.id: (s.campaign.sender_name, f"{s.campaign.slug}@{settings.mail_domain}") for s in stored}


def _record(engine: Engine, row: RowMapping, outcome: Outcome) -> bool:
    """Writes the outcome of one attempt; True when a follow-up became due with it."""
    with engine.begin() as connection:
        held = letters.lock_claimed(connection, row["id"], row["attempt"])
        if held is None:
            _LOG.warning("letter.fenced", letter_id=row["id"], attempt=row["attempt"])
            return False
        state, values = _state_after(held, outcome)
        letters.change_letter(connection, held, state, cause=outcome.cause, reply=outcome.reply, values=values)
        return state is LetterState.SENT and _plan_after_sent(connection, held)


def _state_after(row: RowMapping, outcome: Outcome) -> tuple[LetterState, dict[str, Any]]:
    tries = row["tries"] + 1
    values: dict[str, Any] = {"tries": tries}
    if outcome.verdict is Verdict.ACCEPTED:
        return LetterState.SENT, values | {"sent_at": func.now()}
    if outcome.verdict is Verdict.DEFERRED:
        return LetterState.DEFERRED, values | {"due_at": func.now() + timedelta(seconds=deferred_delay(tries))}
    if outcome.verdict is Verdict.REJECTED:
        return LetterState.REJECTED, values
    return LetterState.UNCERTAIN, values


def _plan_after_sent(connection: Connection, row: RowMapping) -> bool:
    """The campaign's follow-ups that begin with the first letter sent; each submission gets each once."""
    campaign = campaigns.read_campaign(connection, row["campaign_id"]).campaign
    submission = read_by_id(connection, row["submission_id"])
    route = Route(Transport(row["transport"]), is_test=row["is_test"])
    return plan_follow_ups(connection, submission, campaign, "first_sent", route)


def _release(engine: Engine, rows: list[RowMapping], cause: Cause, *, delay_s: int, reply: str = "") -> None:
    """Claimed, and certainly not sent: back to `queued` without counting an attempt."""
    with engine.begin() as connection:
        for row in rows:
            held = letters.lock_claimed(connection, row["id"], row["attempt"])
            if held is not None:
                values = {"due_at": func.now() + timedelta(seconds=delay_s)}
                letters.change_letter(connection, held, LetterState.QUEUED, cause=cause, reply=reply, values=values)
