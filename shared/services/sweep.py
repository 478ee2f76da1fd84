"""Rings for whatever is due, and mends what a crash left behind. Any process may run it, at any time, in any number."""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import Connection, Engine, text

from shared.db import follow_ups, letters, pace, receipts, submissions
from shared.domain.causes import Cause
from shared.domain.follow_ups import Trigger
from shared.domain.identities import email_hash
from shared.domain.states import LetterState, SubmissionState
from shared.domain.transport import Transport
from shared.failpoints import failpoint
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.bulk import changes_are_due
from shared.services.campaigns import turn_campaigns
from shared.services.delivery.recover import check_database, recover
from shared.services.delivery.relays import sending_transports
from shared.services.delivery.run import journal_folder
from shared.services.erasure import erase_requested
from shared.services.exports import exports_are_due
from shared.services.figures import current_figures, tell_imbalance
from shared.services.follow_up_plan import plan_follow_ups, plan_for_letters
from shared.services.office_letters import settle_offices
from shared.services.offices.changes import carry_out_due
from shared.services.rehearsal import rehearsals_are_due
from shared.services.retention import forget_old
from shared.settings import Settings

_LOG = structlog.get_logger()
_LOCK = 7_310_043
BATCH = 200
# After this long without a bounce or a delivery notice, an uncertain letter is for a person to decide.
SETTLE_WITHIN = timedelta(hours=72)
# A draft that nobody sent is gone after a day.
DRAFT_LIFETIME = timedelta(hours=24)
# Where one address of a mail server's fails others soon do, and one email tells of all.
GATHER_S = 600.0
# Mail and events as they came hold names and addresses.
RAW_RECEIPTS_DAYS = 90


def sweep(engine: Engine, ring: Ring, settings: Settings) -> list[TaskName]:
    """Mends and rings; returns what it rang for. Only one sweep at a time does the mending."""
    folder = journal_folder(settings)
    check_database(engine, folder)
    recover(engine, folder, settings.timing)
    with engine.begin() as connection:
        if connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar_one():
            _mend_overdue(connection)
            _expire(connection)
            _settle(connection)
            pace.add_domains(connection)
            _tell_of_failing(connection, settings)
            failpoint("sweep.mending")
    erase_requested(engine)
    turn_campaigns(engine)
    carry_out_due(engine, ring)
    settle_offices(engine, ring)
    with engine.connect() as connection:
        due = _due_tasks(connection, sending_transports(connection, settings))
    for task in due:
        ring.ring(task)
    # Somebody has to notice a lost letter while nobody looks at the dashboard.
    current_figures(engine, settings)
    return due


def tidy(engine: Engine, settings: Settings) -> int:
    """Deletes drafts that nobody sent and what has grown old, repeats an alarm that still stands; how many drafts."""
    with engine.begin() as connection:
        gone = submissions.delete_old_drafts(connection, DRAFT_LIFETIME)
        receipts.forget_raw(connection, RAW_RECEIPTS_DAYS)
        _close_questions(connection)
    forget_old(engine, settings)
    tell_imbalance(current_figures(engine, settings))
    return gone


def _mend_overdue(connection: Connection) -> None:
    """A lease ran out: the worker is gone and may have sent the letter. Nobody sends it again by itself."""
    for row in letters.lock_overdue(connection, BATCH):
        values = {"crash_count": row["crash_count"] + 1}
        letters.change_letter(connection, row, LetterState.UNCERTAIN, cause=Cause.LEASE_EXPIRED, values=values)
        _LOG.warning("letter.lease_expired", letter_id=row["id"], attempt=row["attempt"])
    for row in follow_ups.lock_overdue(connection, BATCH):
        values = {"cause": Cause.LEASE_EXPIRED.value, "crash_count": row["crash_count"] + 1}
        follow_ups.change_follow_up(connection, row, LetterState.UNCERTAIN, values)


def _expire(connection: Connection) -> None:
    expired = letters.lock_expired(connection, BATCH)
    for row in expired:
        letters.change_letter(connection, row, LetterState.EXPIRED, cause=Cause.TOO_LATE)
    plan_for_letters(connection, expired, Trigger.FAILED)
    for row in follow_ups.lock_worn_out(connection, BATCH):
        follow_ups.change_follow_up(connection, row, LetterState.EXPIRED, {"cause": Cause.GAVE_UP.value})


def _close_questions(connection: Connection) -> None:
    """Nobody said who represents them until it was too late: they are told that nothing was sent."""
    unanswered = submissions.lock_unanswered(connection, BATCH)
    for row in unanswered:
        submissions.change_submission(connection, row, SubmissionState.EXPIRED)
        plan_follow_ups(connection, row["campaign_id"], [row["id"]], Trigger.EXPIRED)


def _settle(connection: Connection) -> None:
    for row in letters.lock_unsettled(connection, SETTLE_WITHIN, BATCH):
        letters.change_letter(connection, row, LetterState.UNCONFIRMED, cause=Cause(row["cause"]))


def _tell_of_failing(connection: Connection, settings: Settings) -> None:
    """Organizers are told of addresses that fail: they alone can correct them."""
    to = settings.organizer_email
    follow_ups.tell_of_failing(connection, to, email_hash(settings.secret_key, to), GATHER_S)


def _due_tasks(connection: Connection, transports: Sequence[Transport]) -> list[TaskName]:
    """The tasks whose claims would find something; letters that must wait ring no bell."""
    checks = {
        TaskName.PREPARE_SUBMISSIONS: submissions.lookups_are_due(connection),
        TaskName.MAKE_LETTERS: submissions.letters_are_due(connection),
        TaskName.DELIVER_LETTERS: pace.letters_are_due(connection, transports, LetterState.QUEUED),
        TaskName.RETRY_LETTERS: pace.letters_are_due(connection, transports, LetterState.DEFERRED),
        TaskName.APPLY_RECEIPTS: receipts.receipts_are_due(connection),
        TaskName.SEND_MAIL: follow_ups.follow_ups_are_due(connection, transports),
        TaskName.REHEARSE: rehearsals_are_due(connection),
        TaskName.MAKE_EXPORTS: exports_are_due(connection),
        TaskName.CHANGE_LETTERS: changes_are_due(connection),
    }
    return [task for task, is_due in checks.items() if is_due]
