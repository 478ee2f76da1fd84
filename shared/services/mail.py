"""Sends the supporter's emails that are due: claim, render once and freeze, SMTP, record. Letters go first."""

import time
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func

from shared.db import campaigns, follow_ups, letters, submissions
from shared.domain.backoff import deferred_delay
from shared.domain.campaigns import Campaign
from shared.domain.identities import envelope_sender, message_id, owner_key, reference
from shared.domain.letter_words import office_label
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from shared.providers.smtp import Outcome, SmtpSession, Verdict
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.emails import render_email
from shared.rendering.mime import Mail, build_mail
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
TEST_NOTICE = "This is a test. No real legislator is written to."


def send_mail(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Sends due follow-ups for at most 20 s, then rings again; returns how many it claimed."""
    ring.answer(TaskName.SEND_MAIL)
    ends, total = time.monotonic() + TASK_SECONDS, 0
    for transport in open_transports(settings):
        while time.monotonic() < ends:
            with engine.begin() as connection:
                batch = follow_ups.claim_follow_ups(
                    connection, worker=worker_name(), transports=(transport,), limit=BATCH
                )
            if not batch:
                break
            total += len(batch)
            _send_batch(engine, settings, transport, batch)
    if time.monotonic() >= ends:
        ring.ring(TaskName.SEND_MAIL)
    return total


def _send_batch(engine: Engine, settings: Settings, transport: Transport, batch: list[RowMapping]) -> None:
    with SmtpSession(server_url(settings, transport), settings.mail_domain) as session:
        for index, row in enumerate(batch):
            message = _message(engine, settings, row)
            sender = envelope_sender(settings.secret_key, "follow_up", row["id"], settings.mail_domain)
            outcome = session.send(sender, row["recipient_email"], message)
            _LOG.info("mail.tried", follow_up_id=row["id"], kind=row["kind"], verdict=outcome.verdict.value)
            if outcome.verdict is Verdict.UNSENT:
                _release(engine, batch[index:], outcome)
                return
            _record(engine, row, outcome)


def _message(engine: Engine, settings: Settings, row: RowMapping) -> bytes:
    """The email's bytes; its words are made at the first attempt and kept for the next ones."""
    with engine.begin() as connection:
        campaign = campaigns.read_campaign(connection, row["campaign_id"]).campaign
        subject, text, html = row["subject"], row["body_text"], row["body_html"]
        if not text:
            rendered = render_email(row["kind"], _values(connection, settings, row, campaign))
            subject, text, html = rendered.subject, rendered.text, rendered.html
            follow_ups.write_rendered(connection, row["id"], subject, text, html)
    return build_mail(
        Mail(
            from_name=campaign.sender_name,
            from_address=f"{campaign.slug}@{settings.mail_domain}",
            to_name="",
            to_address=row["recipient_email"],
            subject=subject,
            text=text,
            html=html,
            message_id=message_id(settings.secret_key, "follow_up", row["id"], settings.mail_domain),
            date=row["created_at"],
            extra=(("Auto-Submitted", "auto-generated"),),
        )
    )


def _values(connection: Connection, settings: Settings, row: RowMapping, campaign: Campaign) -> dict[str, Any]:
    submission = submissions.read_by_id(connection, row["submission_id"])
    token = submission["token"]
    key = owner_key(settings.secret_key, token)
    leaves_at = submission["leaves_at"].astimezone(ZoneInfo(campaign.timezone))
    return {
        "language": campaign.language,
        "campaign_title": campaign.title,
        "sender_name": campaign.sender_name,
        "privacy": campaign.privacy,
        "reference": reference(token),
        "is_test": row["is_test"],
        "test_notice": TEST_NOTICE,
        "first_name": submission["first_name"],
        "leaves_later": submission["leaves_at"] > submission["accepted_at"],
        "leaves_at": f"{leaves_at:%H:%M %Z}",
        # The page behind it shows the status, or the question while there is one.
        "own_url": f"{settings.public_url}/mine/{token}/{key}",
        "letters": [
            {
                "recipient": office_label(letter["recipient_title"], letter["recipient_name"], letter["district"]),
                "subject": letter["subject"],
                "body": letter["body"],
            }
            for letter in letters.letters_of_submission(connection, submission["id"])
            if letter["body"]
        ],
    }


def _record(engine: Engine, row: RowMapping, outcome: Outcome) -> None:
    tries = row["tries"] + 1
    values: dict[str, Any] = {"tries": tries, "cause": outcome.cause.value, "remote_reply": outcome.reply}
    state = {
        Verdict.ACCEPTED: LetterState.SENT,
        Verdict.DEFERRED: LetterState.DEFERRED,
        Verdict.REJECTED: LetterState.REJECTED,
        Verdict.UNCERTAIN: LetterState.UNCERTAIN,
    }[outcome.verdict]
    if state is LetterState.SENT:
        values["sent_at"] = func.now()
    if state is LetterState.DEFERRED:
        values["due_at"] = func.now() + timedelta(seconds=deferred_delay(tries))
    _write(engine, row, state, values)


def _release(engine: Engine, rows: list[RowMapping], outcome: Outcome) -> None:
    """Claimed, and certainly not sent: back to `queued` without counting an attempt."""
    for row in rows:
        values = {"due_at": func.now() + timedelta(seconds=PAUSE_AFTER_REFUSAL_S), "cause": outcome.cause.value}
        _write(engine, row, LetterState.QUEUED, values)


def _write(engine: Engine, row: RowMapping, state: LetterState, values: dict[str, Any]) -> None:
    with engine.begin() as connection:
        held = follow_ups.lock_claimed(connection, row["id"], row["attempt"])
        if held is not None:
            follow_ups.change_follow_up(connection, held, state, values)
