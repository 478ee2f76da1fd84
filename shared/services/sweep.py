"""Rings for whatever is due, and mends what a crash left behind. Any process may run it, at any time, in any number."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from functools import partial
from socket import gethostname

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import delivery_connections, follow_ups, letters, pace, receipts, refusing_domains, submissions
from shared.db.engine import at_once
from shared.db.savepoints import Faults, raise_faults
from shared.domain.causes import Cause
from shared.domain.follow_ups import Trigger
from shared.domain.identities import email_hash
from shared.domain.states import LetterState, SubmissionState
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.bulk import changes_are_due
from shared.services.campaigns import turn_campaigns
from shared.services.delivery.generations import begin
from shared.services.delivery.recover import check_database, recover
from shared.services.delivery.refusal_runs import return_refused, try_domains
from shared.services.delivery.relays import sending_transports
from shared.services.delivery.restored import tell_departures
from shared.services.delivery.run import journal_folder
from shared.services.erasure import erase_requested
from shared.services.expiry import expire_waiting, note_blocked_time, tell_of_holds
from shared.services.exports import exports_are_due
from shared.services.figures import current_figures, tell_imbalance
from shared.services.follow_up_plan import plan_follow_ups
from shared.services.mailings import find_failing, mailings_are_due
from shared.services.office_letters import settle_offices
from shared.services.offices.changes import carry_out_due
from shared.services.parts import Part, forget_old_failures, run_parts
from shared.services.rehearsal import rehearsals_are_due
from shared.services.retention import forget_old
from shared.services.row_batches import in_turn, work_through
from shared.services.signs_of_life import watch_signs
from shared.settings import Settings

_LOG = structlog.get_logger()
# After this long without a bounce or a delivery notice, an uncertain letter is for a person to decide.
SETTLE_WITHIN = timedelta(hours=72)
# A draft that nobody sent is gone after a day.
DRAFT_LIFETIME = timedelta(hours=24)
# If one address at a mail server fails, others soon follow, as do domains behind one filter: one email names them all.
GATHER_S = 600.0
# Mail and events as they came hold names and addresses.
RAW_RECEIPTS_DAYS = 90


def sweep(engine: Engine, ring: Ring, settings: Settings) -> list[TaskName]:
    """Mends what a crash left behind and rings for what is due; returns what it rang for.

    Each part stands alone (`shared/services/parts.py`): to add one, add a line. A database that could not be checked
    stops no ring: what sends asks for the hold itself.
    """
    folder, host, dead_after_s = journal_folder(settings), gethostname(), settings.timing.dead_after
    overdue_emails = partial(follow_ups.lock_overdue, dead_after_s=dead_after_s)
    rung: list[TaskName] = []
    parts: list[Part] = [
        # Another host's success says nothing about a part that reads this host's own folder.
        (f"check the database from {host}", lambda: check_database(engine, folder)),
        # Before anything expires: what kept letters from leaving does not count.
        ("note blocked time", lambda: note_blocked_time(engine, settings)),
        (f"replay journals on {host}", lambda: recover(engine, folder, settings.timing)),
        (f"tell departures on {host}", lambda: tell_departures(engine, folder)),
        ("end claims of letters", lambda: _end_claims(engine, dead_after_s)),
        ("end claims of emails", lambda: work_through(engine, overdue_emails, _end_email, "mail.claim_not_ended")),
        ("prune connections", lambda: _prune_connections(engine, dead_after_s)),
        ("settle uncertain letters", lambda: work_through(engine, _lock_unsettled, _settle, "letter.not_settled")),
        ("add domains", lambda: in_turn(engine, pace.add_domains)),
        ("queue refused letters again", lambda: return_refused(engine)),
        ("try domains", lambda: try_domains(engine)),
        ("tell of failing addresses", lambda: in_turn(engine, partial(_tell_of_failing, settings=settings))),
        ("tell of refusing domains", lambda: in_turn(engine, partial(_tell_of_refusing, settings=settings))),
        ("erase", lambda: erase_requested(engine)),
        ("open and close campaigns", lambda: turn_campaigns(engine)),
        ("change offices", lambda: carry_out_due(engine, ring)),
        ("settle offices", lambda: settle_offices(engine, ring)),
        ("find submissions without letters", lambda: _find_stuck(engine)),
        ("find mailings that fail", lambda: find_failing(engine)),
        ("ring", lambda: _ring_for_due(engine, ring, settings, rung)),
        # After the bells: they may take a while.
        ("expire what waits", lambda: _expire(engine, settings)),
        ("tell of holds", lambda: tell_of_holds(engine, settings)),
        # It logs a lost letter while nobody looks at the dashboard.
        ("count", lambda: current_figures(engine, settings)),
    ]
    run_parts(engine, parts)
    return rung


def tidy(engine: Engine, settings: Settings, others: Iterable[Part] = ()) -> int:
    """Deletes drafts that nobody sent and what has grown old, repeats an alarm that still stands; how many drafts.

    Runs `others` in the same way: each part stands alone.
    """
    gone: list[int] = []
    parts: list[Part] = [
        ("delete old drafts", lambda: gone.append(_delete_old_drafts(engine))),
        ("delete raw receipts", lambda: _forget_raw(engine)),
        (
            "close questions",
            lambda: work_through(engine, submissions.lock_unfinished, _close_question, "question.not_closed"),
        ),
        ("delete old data", lambda: forget_old(engine, settings)),
        ("watch signs of life", lambda: watch_signs(engine, settings)),
        ("repeat the alarm", lambda: tell_imbalance(current_figures(engine, settings))),
        ("forget old failures", lambda: forget_old_failures(engine)),
        *others,
    ]
    run_parts(engine, parts)
    return sum(gone)


def _end_claims(engine: Engine, dead_after_s: float) -> None:
    """Their workers are dead and may have sent these letters: no worker sends them again.

    A worker's name stays on the letter. Its own late answer, or its journal, may still say what became of the letter.
    """
    lost: defaultdict[str, set[int]] = defaultdict(set)

    def end(connection: Connection, row: RowMapping) -> None:
        letters.change_letter(connection, row, LetterState.UNCERTAIN, cause=Cause.LEASE_EXPIRED)
        _LOG.warning("letter.lease_expired", letter_id=row["id"], attempt=row["attempt"])
        # A worker's name begins with its host.
        lost[row["worker"].rsplit(".", 2)[0]].add(row["id"])

    try:
        work_through(engine, partial(letters.lock_overdue, dead_after_s=dead_after_s), end, "letter.claim_not_ended")
    finally:
        for host, numbers in lost.items():
            _LOG.error("delivery.worker_lost", host=host, letters=len(numbers))


def _end_email(connection: Connection, row: RowMapping) -> None:
    follow_ups.change_follow_up(connection, row, LetterState.UNCERTAIN, {"cause": Cause.LEASE_EXPIRED.value})


def _prune_connections(engine: Engine, dead_after_s: float) -> None:
    with engine.begin() as connection:
        delivery_connections.prune_connections(connection, dead_after_s)


def _expire(engine: Engine, settings: Settings) -> None:
    # As a claim does, this asks whether the database is the one that the host knows; if not, everything is held now.
    with engine.begin() as connection:
        begin(connection, journal_folder(settings))
    # Once more: where blocked time can't be noted, nothing may expire.
    note_blocked_time(engine, settings)
    expire_waiting(engine, settings)


def _close_question(connection: Connection, row: RowMapping) -> None:
    """No letter was made until it was too late: their supporters are told that nothing was sent."""
    submissions.change_submission(connection, row, SubmissionState.EXPIRED)
    plan_follow_ups(connection, row["campaign_id"], [row["id"]], Trigger.EXPIRED)


def _lock_unsettled(connection: Connection, limit: int, but: Collection[int]) -> list[RowMapping]:
    return letters.lock_unsettled(connection, SETTLE_WITHIN, limit, but)


def _settle(connection: Connection, row: RowMapping) -> None:
    letters.change_letter(connection, row, LetterState.UNCONFIRMED, cause=Cause(row["cause"]))


def _find_stuck(engine: Engine) -> None:
    """Raises if letters of accepted submissions can't be made: organizers see it, and the log names the error."""
    with at_once(engine) as connection:
        raise_faults(+Faults(SubmissionsWithoutLetters=submissions.count_stuck(connection)))


def _delete_old_drafts(engine: Engine) -> int:
    with engine.begin() as connection:
        return submissions.delete_old_drafts(connection, DRAFT_LIFETIME)


def _forget_raw(engine: Engine) -> None:
    with engine.begin() as connection:
        receipts.forget_raw(connection, RAW_RECEIPTS_DAYS)


def _tell_of_failing(connection: Connection, settings: Settings) -> None:
    """Organizers are told of addresses that fail: they alone can correct them."""
    to = settings.organizer_email
    follow_ups.tell_of_failing(connection, to, email_hash(settings.secret_key, to), GATHER_S)


def _tell_of_refusing(connection: Connection, settings: Settings) -> None:
    """Organizers are told of domains that refuse everything: they can ask for what we can't."""
    to = settings.organizer_email
    refusing_domains.tell_organizers(connection, to, email_hash(settings.secret_key, to), GATHER_S)


def _ring_for_due(engine: Engine, ring: Ring, settings: Settings, rung: list[TaskName]) -> None:
    """Rings for the tasks whose claims would find something; letters that must wait ring no bell."""
    faults = Faults()
    for task, is_due in _checks(settings).items():
        try:
            with at_once(engine) as connection:
                if not is_due(connection):
                    continue
        except Exception as error:  # noqa: BLE001 - one question that fails must not keep the other tasks waiting
            _LOG.error("sweep.not_asked", task=task.value, error=type(error).__name__)
            faults[type(error).__name__] += 1
            continue
        ring.ring(task)
        rung.append(task)
    raise_faults(faults)


def _checks(settings: Settings) -> dict[TaskName, Callable[[Connection], bool]]:
    def letters_are_due(lane: LetterState) -> Callable[[Connection], bool]:
        return lambda one: pace.letters_are_due(
            one, sending_transports(one, settings), lane, dead_after_s=settings.timing.dead_after
        )

    return {
        TaskName.PREPARE_SUBMISSIONS: submissions.lookups_are_due,
        TaskName.MAKE_LETTERS: submissions.letters_are_due,
        TaskName.DELIVER_LETTERS: letters_are_due(LetterState.QUEUED),
        TaskName.RETRY_LETTERS: letters_are_due(LetterState.DEFERRED),
        TaskName.APPLY_RECEIPTS: receipts.receipts_are_due,
        TaskName.SEND_MAIL: lambda one: follow_ups.follow_ups_are_due(one, sending_transports(one, settings)),
        TaskName.REHEARSE: rehearsals_are_due,
        TaskName.MAKE_EXPORTS: exports_are_due,
        TaskName.CHANGE_LETTERS: changes_are_due,
        TaskName.PREPARE_MAILINGS: mailings_are_due,
    }
