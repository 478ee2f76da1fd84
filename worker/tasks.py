"""All tasks. Each answers its bell by calling one service; the database says what there is to do."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import structlog
from celery import Celery
from sqlalchemy import Engine

from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.audit import delete_old_entries
from shared.services.bulk import delete_old_changes, work_on_changes
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.refusal_runs import delete_old_answers
from shared.services.exports import delete_old_exports, make_exports
from shared.services.mailbox import delete_old_messages
from shared.services.mailings import prepare_mailings
from shared.services.make_letters import make_due_letters
from shared.services.organizer_sessions import delete_old_sessions
from shared.services.organizers import delete_old_failures
from shared.services.parts import Part
from shared.services.people import delete_old_invitations
from shared.services.prepare import prepare_submissions
from shared.services.receipts import apply_receipts
from shared.services.rehearsal import run_rehearsals
from shared.services.relay import with_relay
from shared.services.sender_domain import check_again
from shared.services.sweep import sweep, tidy
from shared.settings import Settings
from shared.timing import Timing
from worker.shift import Shift

_LOG = structlog.get_logger()


# Runs of a task at a time in one process. More would share one interpreter and wait for each other's rows; lookups may
# wait for outside services instead.
_AT_ONCE = {
    TaskName.MAKE_LETTERS: 1,
    TaskName.DELIVER_LETTERS: 1,
    TaskName.RETRY_LETTERS: 1,
    TaskName.SEND_MAIL: 2,
    TaskName.APPLY_RECEIPTS: 1,
    TaskName.REHEARSE: 1,
    TaskName.MAKE_EXPORTS: 1,
    TaskName.CHANGE_LETTERS: 1,
    TaskName.PREPARE_MAILINGS: 1,
}
# What organizers leave behind.
_GROWN_OLD = (
    delete_old_messages,
    delete_old_failures,
    delete_old_sessions,
    delete_old_entries,
    delete_old_invitations,
    delete_old_exports,
    delete_old_changes,
    delete_old_answers,
)


def make_work(engine: Engine, ring: Ring, settings: Settings) -> dict[TaskName, Callable[[], object]]:
    """What each bell asks for, with the mail relay that is used when it rings."""

    def current() -> Settings:
        return with_relay(engine, settings)

    work: dict[TaskName, Callable[[], object]] = {
        TaskName.PREPARE_SUBMISSIONS: lambda: prepare_submissions(engine, ring, settings),
        TaskName.MAKE_LETTERS: lambda: make_due_letters(engine, ring, settings),
        TaskName.DELIVER_LETTERS: lambda: deliver_letters(engine, ring, current(), first_tries=True),
        TaskName.RETRY_LETTERS: lambda: deliver_letters(engine, ring, current(), first_tries=False),
        TaskName.SEND_MAIL: lambda: send_mail(engine, ring, current()),
        TaskName.APPLY_RECEIPTS: lambda: apply_receipts(engine, ring, current()),
        TaskName.REHEARSE: lambda: run_rehearsals(engine, ring, current()),
        TaskName.MAKE_EXPORTS: lambda: make_exports(engine, ring, settings),
        TaskName.CHANGE_LETTERS: lambda: work_on_changes(engine, ring, current()),
        TaskName.PREPARE_MAILINGS: lambda: prepare_mailings(engine, ring, settings),
        TaskName.SWEEP: lambda: sweep(engine, ring, current()),
        TaskName.TIDY: lambda: _tidy(engine, current()),
    }
    return {name: Shift(run, _AT_ONCE[name]) if name in _AT_ONCE else run for name, run in work.items()}


def _tidy(engine: Engine, settings: Settings) -> None:
    others: list[Part] = [(delete.__name__.replace("_", " "), partial(delete, engine)) for delete in _GROWN_OLD]
    tidy(engine, settings, [*others, ("check the sender domain", lambda: check_again(engine, settings))])


def register_tasks(app: Celery, work: Mapping[TaskName, Callable[[], object]], timing: Timing) -> None:
    """Gives every task name its code. A task takes no arguments; older or newer callers may add some."""
    pauses = {
        TaskName.PREPARE_SUBMISSIONS: timing.gather_lookups,
        TaskName.SEND_MAIL: timing.gather_mail,
        TaskName.SWEEP: 0.0,
        TaskName.TIDY: 0.0,
    }
    for name, run in work.items():
        app.task(_logged(name, run, pauses.get(name, timing.gather)), name=name.value, ignore_result=True)


def _logged(name: TaskName, run: Callable[[], object], pause: float) -> Callable[..., None]:
    def task(*_args: object, **_kwargs: object) -> None:
        # Its bell counts as rung meanwhile: what a crowd asks for becomes one run, and full batches.
        time.sleep(pause)
        try:
            run()
        except Exception as error:  # noqa: BLE001 - a task must not take its worker down
            # The rows stay due and the sweep rings again; the text could quote a row, so only the type is told.
            _LOG.error("task.failed", task=name.value, exc_info=error)

    task.__name__ = name.name.lower()
    return task
