"""From an address to letters: looks up what is due, then makes the letters of whoever has pressed Send.

No transaction is open while a lookup talks to the outside; its answer is written only by the attempt that holds
the lease. The last of {lookup done, accepted} makes the letters, exactly once, under the submission's lock.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import Engine, RowMapping
from sqlalchemy.exc import OperationalError

from shared.db import submissions
from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus
from shared.failpoints import failpoint
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.lookup import look_up_many
from shared.services.make_letters import BATCH, make_letters
from shared.services.record_lookups import LATER, record_lookup, record_matches
from shared.settings import Settings

_LOG = structlog.get_logger()
# A batch asks outside services for at most this share of its lease.
_OUTSIDE_SHARE = 0.4


def prepare_submissions(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Works through due lookups and letterless submissions for a task's time; returns how many it moved on."""
    ring.answer(TaskName.PREPARE_SUBMISSIONS)
    ends, moved = time.monotonic() + settings.timing.task, 0
    lease = _lease(settings)
    while True:
        with engine.begin() as connection:
            claimed = submissions.claim_lookups(connection, BATCH, lease)
        failpoint("prepare.claimed")
        if _look_up_or_put_back(engine, ring, settings, claimed):
            ring.ring(TaskName.PREPARE_SUBMISSIONS)
        made = _make_letters(engine, ring, settings)
        moved += len(claimed) + made
        if len(claimed) < BATCH and made < BATCH:
            return moved
        if time.monotonic() > ends:
            ring.ring(TaskName.PREPARE_SUBMISSIONS)
            return moved


def _lease(settings: Settings) -> timedelta:
    """How long a batch may take; people wait for so long after their worker has died."""
    timing = settings.timing
    longest = timing.lookup_lease if settings.geocoders else min(timing.lookup_lease, timing.dead_after)
    return timedelta(seconds=longest)


def _make_letters(engine: Engine, ring: Ring, settings: Settings) -> int:
    """For those who had pressed Send already; in a rush their letters wait for their turn, lookups don't."""
    if ring.rush.is_on():
        ring.ring(TaskName.MAKE_LETTERS)
        return 0
    return make_letters(engine, ring, settings)


def _look_up_or_put_back(engine: Engine, ring: Ring, settings: Settings, claimed: Sequence[RowMapping]) -> bool:
    """A fault of the database, such as a lost connection, must not make people wait until the lease is over."""
    try:
        return _look_up_claimed(engine, settings, claimed)
    except OperationalError:
        for row in claimed:
            record_lookup(engine, row, LATER)
        ring.ring(TaskName.PREPARE_SUBMISSIONS)
        raise


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
    record_matches(engine, [(row, result) for row, result in answers if result is not None and result.is_found])
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
        _record(engine, row, _look_up_group(engine, settings, [row], remote=True)[0] if in_time else LATER)
    return bool(left) and time.monotonic() >= ends


def _record(engine: Engine, row: RowMapping, result: LookupResult | None) -> None:
    """An answer that can't be written harms no other: it is looked up again later."""
    try:
        record_lookup(engine, row, result)
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - such as a campaign that can't be read
        _LOG.error("lookup.not_recorded", submission_id=row["id"], error=type(error).__name__)
        record_lookup(engine, row, None)


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
