"""Emails to everybody of a campaign: a request records the decision, workers prepare the emails in batches.

Each batch is one transaction that also keeps how far it came, so that a crash repeats or leaves out nobody.
"""

import time
from datetime import timedelta

import structlog
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from shared.db import mailings, updates
from shared.db.engine import at_once
from shared.db.savepoints import Faults, isolated, raise_faults
from shared.domain.mailings import MailingState
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.settings import Settings

_LOG = structlog.get_logger()
# People of one transaction: some tenths of a second.
BATCH = 2_000
# After so many failures of a batch in a row it is an alarm, and so few people whose email fails are left out of it.
_PATIENCE = 3
_MOST_LEFT_OUT = 10
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
# Two days of errors; those who have not been written to by then get no email.
MOST_TRIES = 300


def prepare_mailings(engine: Engine, ring: Ring, settings: Settings) -> None:
    """Prepares emails for a task's time, batch by batch and mailing by mailing, then rings again while more is left."""
    ring.answer(TaskName.PREPARE_MAILINGS)
    ends = time.monotonic() + settings.timing.task
    while time.monotonic() < ends:
        ring.rush.make_way()
        if not _prepare_next(engine, None):
            return
        ring.ring(TaskName.SEND_MAIL)
    ring.ring(TaskName.PREPARE_MAILINGS)


def prepare_first(engine: Engine, number: int) -> None:
    """Prepares the first batch, which for most campaigns is all, so that a page shows what came of its button.

    The decision is committed already, so an error here is left to the workers.
    """
    try:
        _prepare_next(engine, number)
    except SQLAlchemyError as error:
        _LOG.warning("mailing.later", mailing_id=number, error=type(error).__name__)


def mailings_are_due(connection: Connection) -> bool:
    """True when a sweep should ring."""
    return mailings.is_due(connection)


def find_failing(engine: Engine) -> None:
    """Raises if a mailing fails again and again: organizers see it, and the log names the error."""
    with at_once(engine) as connection:
        raise_faults(+Faults(MailingsThatFail=mailings.count_failing(connection, _PATIENCE)))


def _prepare_next(engine: Engine, number: int | None) -> bool:
    """One batch of this mailing, or of the one that has waited longest; False when there is none."""
    with engine.begin() as connection:
        row = mailings.lock_running(connection, number)
        if row is None:
            return False
        with isolated(connection, Faults(), "mailing.failed", mailing_id=row["id"]) as fate:
            # Counting takes a second where there are hundreds of thousands, which no request waits for.
            _batch(connection, row, may_count=number is None)
        if fate.failed:
            _put_off(connection, row)
    return True


def _batch(connection: Connection, row: RowMapping, *, may_count: bool) -> None:
    looked_at, prepared, reached = _people(connection, row)
    prepared += row["prepared"]
    is_last = looked_at < BATCH
    people = row["people"]
    if people is None and is_last:
        people = prepared
    elif people is None and may_count:
        people = mailings.count_of(connection, row)
    values = {"prepared": prepared, "reached": reached, "failures": 0, "people": people}
    mailings.write_mailing(connection, row["id"], values)
    if is_last:
        mailings.end(connection, row["id"], MailingState.DONE)
        if row["update_id"] is not None:
            updates.write_recipients(connection, row["update_id"], prepared)
        _LOG.info("mailing.done", mailing_id=row["id"], campaign_id=row["campaign_id"], emails=prepared)


def _people(connection: Connection, row: RowMapping) -> tuple[int, int, str]:
    """The next people together, or one by one when that fails. Raises RowsFailedError to have it tried again."""
    reached: str = row["reached"]
    with isolated(connection, Faults(), "mailing.batch_failed", mailing_id=row["id"]) as together:
        found = mailings.prepare(connection, row, reached, BATCH)
    if not together.failed:
        return found
    looked_at = prepared = 0
    faults = Faults()
    while looked_at < BATCH:
        person = mailings.next_person(connection, row, reached)
        if person is None:
            break
        one = 0
        with isolated(connection, faults, "mailing.person_failed", mailing_id=row["id"]) as alone:
            _, one, _ = mailings.prepare(connection, row, reached, 1)
        prepared += 0 if alone.failed else one
        looked_at, reached = looked_at + 1, person
        if faults and (row["failures"] < _PATIENCE or faults.total() > _MOST_LEFT_OUT):
            # It may be no person's fault: nobody is left out, and the batch is tried again.
            raise_faults(faults)
    return looked_at, prepared, reached


def _put_off(connection: Connection, row: RowMapping) -> None:
    if row["failures"] + 1 >= MOST_TRIES:
        mailings.end(connection, row["id"], MailingState.FAILED)
        _LOG.error("mailing.given_up", mailing_id=row["id"], campaign_id=row["campaign_id"], emails=row["prepared"])
        return
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(row["failures"], 10))
    mailings.put_off(connection, row["id"], row["failures"] + 1, wait)
