"""From an address to letters: looks up what is due, then makes the letters of whoever has pressed Send.

No transaction is open while a lookup talks to the outside; its answer is written only by the attempt that holds
the lease. The last of {lookup done, accepted} makes the letters, exactly once, under the submission's lock.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func
from sqlalchemy.exc import OperationalError

from shared.clock import now
from shared.db import campaigns, letters, submissions
from shared.domain.backoff import GIVE_UP_AFTER_S, lookup_delay
from shared.domain.campaigns import StoredCampaign
from shared.domain.causes import Cause
from shared.domain.identities import message_id
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus, Office
from shared.domain.states import HoldReason, LetterState, SubmissionState
from shared.domain.transport import Route, Transport
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.letters import Author, render_letter
from shared.services.follow_up_plan import plan_step
from shared.services.lookup import look_up_many
from shared.settings import Settings

_LOG = structlog.get_logger()
BATCH = 20
# A task ends after this long and rings again, so that a stopping worker never waits for it.
TASK_SECONDS = 20.0


def prepare_submissions(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Works through due lookups and letterless submissions for at most 20 s; returns how many it moved on."""
    ring.answer(TaskName.PREPARE_SUBMISSIONS)
    ends, moved = time.monotonic() + TASK_SECONDS, 0
    while True:
        with engine.begin() as connection:
            claimed = submissions.claim_lookups(connection, BATCH)
        _look_up_claimed(engine, settings, claimed)
        made, due_now = _make_letters(engine, settings)
        if made and due_now:
            ring.ring(TaskName.DELIVER_LETTERS)
        moved += len(claimed) + made
        if not claimed and not made:
            return moved
        if time.monotonic() > ends:
            ring.ring(TaskName.PREPARE_SUBMISSIONS)
            return moved


def _look_up_claimed(engine: Engine, settings: Settings, claimed: Sequence[RowMapping]) -> None:
    groups: dict[tuple[str, tuple[Chamber, ...]], list[RowMapping]] = {}
    for row in claimed:
        groups.setdefault((row["jurisdiction"], tuple(map(Chamber, row["chambers"]))), []).append(row)
    for (jurisdiction, chambers), rows in groups.items():
        for row, result in zip(rows, _look_up_group(engine, settings, jurisdiction, chambers, rows), strict=True):
            with engine.begin() as connection:
                held = submissions.lock_claimed(connection, row["id"], row["lookup_attempt"])
                if held is not None:
                    _record(connection, held, result)


def _look_up_group(
    engine: Engine, settings: Settings, jurisdiction: str, chambers: tuple[Chamber, ...], rows: Sequence[RowMapping]
) -> list[LookupResult | None]:
    """Their answers, None for one that has to be tried again: what fails for one address harms no other."""
    addresses = [_address(row) for row in rows]
    try:
        return list(look_up_many(engine, settings, jurisdiction, chambers, addresses))
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up the others
        if len(rows) > 1:
            halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
            return [r for half in halves for r in _look_up_group(engine, settings, jurisdiction, chambers, half)]
        # The error's text may quote the address.
        _LOG.error("lookup.failed", submission_id=rows[0]["id"], error=type(error).__name__)
        return [None]


def _address(row: RowMapping) -> HomeAddress:
    state = row["us_state"] or row["jurisdiction"].upper()
    return HomeAddress(row["street"], row["city"], state, row["zip"], row["unit"])


def _record(connection: Connection, held: RowMapping, result: LookupResult | None) -> None:
    if result is not None and result.retry_in_s is None:
        _record_lookup(connection, held, result)
        return
    wait = result.retry_in_s if result and result.retry_in_s is not None else lookup_delay(held["lookup_attempt"])
    values = {"due_at": func.now() + timedelta(seconds=wait), "lease_until": None}
    submissions.change_submission(connection, held, SubmissionState.DRAFT, values)


def _record_lookup(connection: Connection, row: RowMapping, result: LookupResult) -> None:
    submissions.write_targets(connection, row["id"], result)
    match = result.match
    values: dict[str, Any] = {
        "lookup_status": result.status.value,
        "lookup_reason": result.reason,
        "suggestions": list(result.suggestions),
        "lease_until": None,
        "match_type": match.type.value if match else None,
        "match_source": match.source if match else "",
        "precision_m": match.precision_m if match else None,
        "edge_m": match.edge_m if match else None,
        "lat": match.lat if match else None,
        "lon": match.lon if match else None,
    }
    found = result.status is LookupStatus.MATCHED and bool(result.offices)
    if found:
        submissions.make_ready(connection, row, values)
    else:
        submissions.change_submission(connection, row, SubmissionState.NEEDS_ADDRESS, values)
        if row["accepted_at"] is not None:
            plan_step(connection, row, "fix_address", Route(Transport(row["transport"]), is_test=row["is_test"]))
    _LOG.info("lookup.done", submission_id=row["id"], status=result.status.value, source=values["match_source"])


def _make_letters(engine: Engine, settings: Settings) -> tuple[int, bool]:
    """Makes the letters of up to a batch of submissions; says whether any of them is due at once."""
    with engine.begin() as connection:
        rows = submissions.lock_letterless(connection, BATCH)
        cache: dict[int, StoredCampaign] = {}
        for row in rows:
            if row["campaign_id"] not in cache:
                cache[row["campaign_id"]] = campaigns.read_campaign(connection, row["campaign_id"])
            try:
                with connection.begin_nested():
                    _make_letters_of(connection, settings, row, cache[row["campaign_id"]])
            except OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - a fault in one letter's text must not hold up the others
                # Without the error's text, which may quote the letter.
                _LOG.error("letters.failed", submission_id=row["id"], error=type(error).__name__)
                submissions.put_off_letters(connection, row["id"])
        return len(rows), any(row["leaves_at"] <= now() for row in rows)


def _make_letters_of(connection: Connection, settings: Settings, row: RowMapping, stored: StoredCampaign) -> None:
    made = 0
    for office, _, is_chosen in submissions.read_targets(connection, row["id"]):
        if is_chosen:
            values = _letter_values(row, stored, office)
            letter_id = letters.insert_letter(connection, values)
            if letter_id is not None:
                made += 1
                stable_id = message_id(settings.secret_key, "letter", letter_id, settings.mail_domain)
                letters.name_letter(connection, letter_id, stable_id)
    submissions.update_submission(connection, row["id"], {"expected_letters": made})
    _LOG.info("letters.made", submission_id=row["id"], letters=made)


def _letter_values(row: RowMapping, stored: StoredCampaign, office: Office) -> Mapping[str, Any]:
    values: dict[str, Any] = {
        "submission_id": row["id"],
        "campaign_id": row["campaign_id"],
        "office_id": office.office_id,
        "office_holder_id": office.holder_id,
        "state": LetterState.QUEUED.value,
        "due_at": row["leaves_at"],
        "deliver_by": stored.campaign.last_delivery or now() + timedelta(seconds=GIVE_UP_AFTER_S),
        "is_test": row["is_test"],
        "transport": row["transport"],
        "email_hash": row["email_hash"],
        "recipient_title": office.title,
        "recipient_name": office.holder,
        "recipient_email": office.email,
        "receiving_domain": office.email.rpartition("@")[2].lower(),
        "district": office.district,
        "from_name": f"{row['first_name']} {row['last_name']}",
        "reply_to": row["email"],
    }
    if office.vacant or not office.email:
        reason, cause = (
            (HoldReason.VACANT_SEAT, Cause.VACANT_SEAT) if office.vacant else (HoldReason.NO_EMAIL, Cause.NO_EMAIL)
        )
        return values | {"state": LetterState.HELD.value, "hold_reason": reason.value, "cause": cause.value}
    rendered = render_letter(stored.campaign, author_of(row), office)
    return values | {"subject": rendered.subject, "body": rendered.body}


def author_of(row: RowMapping) -> Author:
    """The supporter as letters show them, from a submission's row."""
    address = HomeAddress(row["street"], row["city"], row["us_state"], row["zip"], row["unit"])
    name = f"{row['first_name']} {row['last_name']}".strip()
    return Author(name, row["email"], address.one_line(), row["own_words"], row["edited_subject"], row["edited_body"])
