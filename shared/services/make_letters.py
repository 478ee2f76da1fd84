"""Makes the letters of submissions whose districts are known and whose Send was pressed, exactly once."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.clock import now
from shared.db import campaigns, duplicates, installation, letters, pace, submissions, targets
from shared.db.driver import Row
from shared.db.savepoints import Faults, isolated
from shared.domain.campaigns import Campaign
from shared.domain.causes import Cause
from shared.domain.expiry import GIVE_UP_AFTER
from shared.domain.holds import why_held
from shared.domain.identities import message_id
from shared.domain.places import HomeAddress, Office
from shared.domain.search_words import stored_words
from shared.domain.states import HoldReason, LetterState
from shared.failpoints import failpoint
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.letters import Author, author_to, render_letter
from shared.services.editions import Texts
from shared.services.threats import threat_in
from shared.settings import Settings

_LOG = structlog.get_logger()
# Submissions that are worked on in one transaction.
BATCH = 50


def make_due_letters(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Makes letters for a task's time; returns of how many submissions."""
    ring.answer(TaskName.MAKE_LETTERS)
    ends, moved = time.monotonic() + settings.timing.task, 0
    while True:
        ring.rush.make_way()
        made = make_letters(engine, ring, settings)
        moved += made
        if made < BATCH:
            return moved
        if time.monotonic() > ends:
            ring.ring(TaskName.MAKE_LETTERS)
            return moved


def make_letters(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Makes the letters of a batch of submissions, and rings for those that are due; returns of how many."""
    made, due_now, has_mail = _make(engine, settings)
    if due_now:
        ring.ring(TaskName.DELIVER_LETTERS)
    if has_mail:
        ring.ring(TaskName.SEND_MAIL)
    return made


def author_of(row: Row) -> Author:
    """The supporter as letters show them, from a submission's row."""
    address = HomeAddress(row["street"], row["city"], row["us_state"], row["zip"], row["unit"])
    name = f"{row['first_name']} {row['last_name']}".strip()
    return Author(name, row["email"], address.one_line(), row["own_words"], row["edited_subject"], row["edited_body"])


def _make(engine: Engine, settings: Settings) -> tuple[int, bool, bool]:
    """Of how many submissions, whether any letter is due now, and whether any email is.

    A submission whose letters can't be made waits; the others go on.
    """
    with engine.begin() as connection:
        rows = submissions.lock_letterless(connection, BATCH)
        if not rows:
            return 0, False, False
        failpoint("prepare.before_letters")
        has_mail = False
        with isolated(connection, Faults(), "letters.batch_failed", submissions=len(rows)) as batch:
            has_mail = _make_of(connection, settings, rows)
        for row in rows if batch.failed else ():
            with isolated(connection, Faults(), "letters.failed", submission_id=row["id"]) as alone:
                has_mail |= _make_of(connection, settings, [row])
            if alone.failed:
                submissions.put_off_letters(connection, row["id"])
        return len(rows), any(row["leaves_at"] <= now() for row in rows), has_mail


def _make_of(connection: Connection, settings: Settings, rows: Sequence[RowMapping]) -> bool:
    """Makes the letters of these submissions; whether any email is due."""
    values = _values_of(connection, settings, rows)
    every = [letter for own in values.values() for letter in own]
    made = letters.insert_letters(
        connection,
        every,
        lambda number: message_id(settings.secret_key, "letter", number, settings.mail_domain),
    )
    submissions.write_expected_letters(connection, {number: made.get(number, 0) for number in values})
    pace.add_domains(connection, [(one["transport"], one["receiving_domain"]) for one in every])
    for number in values:
        _LOG.info("letters.made", submission_id=number, letters=made.get(number, 0))
    # Whoever had written to all of these offices before gets the way to those letters.
    return duplicates.tell_of_letters(
        connection, [number for number in values if values[number] and not made.get(number)]
    )


def _values_of(
    connection: Connection, settings: Settings, rows: Sequence[RowMapping]
) -> dict[int, list[Mapping[str, Any]]]:
    """The letters of each submission."""
    chosen = targets.chosen_targets(connection, [row["id"] for row in rows])
    stored = {number: campaigns.read_campaign(connection, number) for number in {row["campaign_id"] for row in rows}}
    texts = Texts(connection)
    doubt = installation.read_doubt(connection)
    values: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        author = author_of(row)
        campaign = texts.of(stored[row["campaign_id"]], row)
        held = _why_held(settings, row, stored[row["campaign_id"]].campaign, doubt)
        written = [office for office in chosen.get(row["id"], []) if campaign.why_left_out(office) is None]
        values[row["id"]] = [
            _letter_values(row, author_to(campaign, author, office, written), campaign, office, held=held)
            for office in written
        ]
    return values


def _why_held(settings: Settings, row: RowMapping, campaign: Campaign, doubt: datetime | None) -> Mapping[str, str]:
    """What holds letters, apart from their offices: they may have left before a restore, a program sent them, a threat.

    Programs send within seconds. A test letter does no harm.
    """
    if doubt and row["accepted_at"] <= doubt:
        return _held(HoldReason.RESTORE, Cause.RESTORED)
    seconds = (row["accepted_at"] - row["created_at"]).total_seconds()
    is_too_quick = not row["is_test"] and seconds < settings.fastest_send
    if is_too_quick:
        return _held(HoldReason.ABUSE_CHECK, Cause.ABUSE_CHECK)
    is_threat = not row["is_test"] and threat_in(campaign, row)
    return _held(HoldReason.ABUSE_CHECK, Cause.THREAT) if is_threat else {}


def _letter_values(
    row: RowMapping, author: Author, campaign: Campaign, office: Office, *, held: Mapping[str, str]
) -> Mapping[str, Any]:
    values: dict[str, Any] = {
        "words": stored_words(
            row["campaign_id"], author.name, row["email"], row["city"], office.holder, office.district
        ),
        "hold_reason": None,
        "cause": "",
        "subject": "",
        "body": "",
        "submission_id": row["id"],
        "campaign_id": row["campaign_id"],
        "office_id": office.office_id,
        "office_holder_id": office.holder_id,
        "state": LetterState.QUEUED.value,
        "due_at": row["leaves_at"],
        "deliver_by": max(now(), row["leaves_at"]) + GIVE_UP_AFTER,
        "is_test": row["is_test"],
        "transport": row["transport"],
        "email_hash": row["email_hash"],
        "recipient_title": office.title,
        "recipient_name": office.holder,
        "recipient_email": office.email,
        "receiving_domain": office.email.rpartition("@")[2].lower(),
        "district": office.district,
        "from_name": author.name,
        "reply_to": row["email"],
    }
    values |= held
    if office.vacant or not office.email:
        return values if held else values | _held(*why_held(office))
    rendered = render_letter(campaign, author, office)
    return values | {"subject": rendered.subject, "body": rendered.body}


def _held(reason: HoldReason, cause: Cause) -> dict[str, str]:
    return {"state": LetterState.HELD.value, "hold_reason": reason.value, "cause": cause.value}
