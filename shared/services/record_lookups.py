"""What a lookup came to: offices, a question, or when to look again; written by the attempt that holds the lease."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from shared.db import submissions, targets
from shared.domain.backoff import lookup_delay
from shared.domain.follow_ups import Trigger
from shared.domain.places import LookupResult, LookupStatus
from shared.domain.states import SubmissionState
from shared.services.counters import LOOKUPS
from shared.services.follow_up_plan import plan_follow_ups

_LOG = structlog.get_logger()
# Looked at again as soon as anybody can.
LATER = LookupResult(LookupStatus.NO_MATCH, retry_in_s=0.0)


def record_matches(engine: Engine, answers: Sequence[tuple[RowMapping, LookupResult]]) -> None:
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
            record_lookup(engine, first, None)
        else:
            for one in answers:
                record_matches(engine, [one])
        return
    for row, result in answers:
        if row["id"] in ready:
            _tell(row, result)


def record_lookup(engine: Engine, row: RowMapping, result: LookupResult | None) -> None:
    """Writes the answer, or when to look again; only by the attempt that still holds the lease."""
    if result is not None and result.is_found:
        record_matches(engine, [(row, result)])
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
