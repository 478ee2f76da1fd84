"""From an address to letters: looks up what is due, then makes the letters of whoever has pressed Send.

No transaction is open while a lookup talks to the outside; its answer is written only by the attempt that holds
the lease. The last of {lookup done, accepted} makes the letters, exactly once, under the submission's lock.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from shared.db import submissions, targets
from shared.domain.backoff import lookup_delay
from shared.domain.follow_ups import Trigger
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus
from shared.domain.states import SubmissionState
from shared.failpoints import failpoint
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.counters import LOOKUPS
from shared.services.follow_up_plan import plan_follow_ups
from shared.services.lookup import look_up_many
from shared.services.make_letters import BATCH, make_letters
from shared.settings import Settings

_LOG = structlog.get_logger()
# A batch asks outside services for at most this share of its lease.
_OUTSIDE_SHARE = 0.4
_LATER = LookupResult(LookupStatus.NO_MATCH, retry_in_s=0.0)


def prepare_submissions(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Works through due lookups and letterless submissions for a task's time; returns how many it moved on."""
    ring.answer(TaskName.PREPARE_SUBMISSIONS)
    ends, moved = time.monotonic() + settings.timing.task, 0
    while True:
        with engine.begin() as connection:
            claimed = submissions.claim_lookups(connection, BATCH, timedelta(seconds=settings.timing.lookup_lease))
        failpoint("prepare.claimed")
        if _look_up_claimed(engine, settings, claimed):
            ring.ring(TaskName.PREPARE_SUBMISSIONS)
        made = _make_letters(engine, ring, settings)
        moved += len(claimed) + made
        if len(claimed) < BATCH and made < BATCH:
            return moved
        if time.monotonic() > ends:
            ring.ring(TaskName.PREPARE_SUBMISSIONS)
            return moved


def _make_letters(engine: Engine, ring: Ring, settings: Settings) -> int:
    """For those who had pressed Send already; in a rush their letters wait for their turn, lookups don't."""
    if ring.rush.is_on():
        ring.ring(TaskName.MAKE_LETTERS)
        return 0
    return make_letters(engine, ring, settings)


def _look_up_claimed(engine: Engine, settings: Settings, claimed: Sequence[RowMapping]) -> bool:
    """Own data for all of them first; outside services, which may be slow, only then and one by one.

    True when the time for those was not enough and some are due again.
    """
    ends = time.monotonic() + _OUTSIDE_SHARE * settings.timing.lookup_lease
    groups: dict[tuple[str, tuple[Chamber, ...]], list[RowMapping]] = {}
    for row in claimed:
        groups.setdefault((row["jurisdiction"], tuple(map(Chamber, row["chambers"]))), []).append(row)
    answers = [
        (row, result)
        for rows in groups.values()
        for row, result in zip(rows, _look_up_group(engine, settings, rows, remote=False), strict=True)
    ]
    _record_matches(engine, [(row, result) for row, result in answers if result is not None and result.is_found])
    left: list[RowMapping] = []
    for row, result in answers:
        if result is not None and result.is_found:
            continue
        if settings.geocoders and result is not None and result.status is LookupStatus.NO_MATCH:
            left.append(row)
        else:
            _record(engine, row, result)
    for row in left:
        in_time = time.monotonic() < ends
        _record(engine, row, _look_up_group(engine, settings, [row], remote=True)[0] if in_time else _LATER)
    return bool(left) and time.monotonic() >= ends


def _look_up_group(
    engine: Engine, settings: Settings, rows: Sequence[RowMapping], *, remote: bool
) -> list[LookupResult | None]:
    """Answers for rows of one jurisdiction and set of chambers, None for one that has to be tried again.

    What fails for one address harms no other.
    """
    jurisdiction, chambers = rows[0]["jurisdiction"], tuple(map(Chamber, rows[0]["chambers"]))
    addresses = [_address(row) for row in rows]
    try:
        return list(look_up_many(engine, settings, jurisdiction, chambers, addresses, remote=remote))
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold up the others
        if len(rows) > 1:
            halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
            return [r for half in halves for r in _look_up_group(engine, settings, half, remote=remote)]
        # The error's text may quote the address.
        _LOG.error("lookup.failed", submission_id=rows[0]["id"], error=type(error).__name__)
        return [None]


def _address(row: RowMapping) -> HomeAddress:
    state = row["us_state"] or row["jurisdiction"].upper()
    return HomeAddress(row["street"], row["city"], state, row["zip"], row["unit"])


def _record_matches(engine: Engine, answers: Sequence[tuple[RowMapping, LookupResult]]) -> None:
    """What nearly all lookups come to, in one transaction; one by one when that fails, and anew what fails alone."""
    if not answers:
        return
    attempts = [(row["id"], row["lookup_attempt"], result) for row, result in answers]
    try:
        with engine.begin() as connection:
            ready = submissions.record_matches(connection, attempts)
            targets.replace_targets(connection, {row["id"]: result for row, result in answers if row["id"] in ready})
    except OperationalError:
        raise
    except SQLAlchemyError as error:
        first = answers[0][0]
        _LOG.error("lookup.not_recorded", lookups=len(answers), first_id=first["id"], error=type(error).__name__)
        if len(answers) == 1:
            _record(engine, first, None)
        else:
            for one in answers:
                _record_matches(engine, [one])
        return
    for row, result in answers:
        if row["id"] in ready:
            _tell(row, result)


def _record(engine: Engine, row: RowMapping, result: LookupResult | None) -> None:
    """Writes the answer, or when to look again; only by the attempt that still holds the lease."""
    if result is not None and result.is_found:
        _record_matches(engine, [(row, result)])
        return
    with engine.begin() as connection:
        held = submissions.lock_claimed(connection, row["id"], row["lookup_attempt"])
        if held is None:
            return
        if result is not None and result.retry_in_s is None:
            _record_question(connection, held, result)
            return
        wait = lookup_delay(held["lookup_attempt"]) if result is None else result.retry_in_s or 0.0
        values = {"due_at": func.now() + timedelta(seconds=wait), "lease_until": None}
        submissions.change_submission(connection, held, SubmissionState.DRAFT, values)


def _record_question(connection: Connection, row: RowMapping, result: LookupResult) -> None:
    """The supporter has to say something more; who has pressed Send already is written to."""
    targets.replace_targets(connection, {row["id"]: result})
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
    submissions.change_submission(connection, row, SubmissionState.NEEDS_ADDRESS, values)
    if row["accepted_at"] is not None:
        plan_follow_ups(connection, row["campaign_id"], [row["id"]], Trigger.DOUBTFUL)
    _tell(row, result)


def _tell(row: RowMapping, result: LookupResult) -> None:
    source = result.match.source if result.match else ""
    LOOKUPS.labels(source=source or "none", status=result.status.value).inc()
    _LOG.info("lookup.done", submission_id=row["id"], status=result.status.value, source=source)
