"""Ends what has waited long enough: letters, holds, and emails to supporters; tells of holds before they end.

Each part works in batches, each a transaction of its own, until nothing is left or its time is over; the next sweep
goes on. A letter is never claimed after its end, however late a sweep is.
"""

import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import OperationalError

from shared.db import campaigns, expiring, follow_ups, installation, letters, pace, targets
from shared.domain.causes import Cause
from shared.domain.follow_ups import HOLD_EXPIRES, Need, PlannedStep, Trigger
from shared.domain.identities import email_hash
from shared.domain.states import LetterState
from shared.services.delivery.relays import unblocked_transports
from shared.services.delivery.switches import read_switches
from shared.services.follow_up_plan import plan_follow_ups
from shared.services.letter_words import words_for
from shared.settings import Settings

_LOG = structlog.get_logger()
BATCH = 500
# Letters that a batch looks at one by one.
_HELD_BATCH = 100
_HOLD_EXPIRES = (PlannedStep(HOLD_EXPIRES, needs=(Need.HELD,)),)


def note_blocked_time(engine: Engine, settings: Settings) -> None:
    """Notes what keeps letters from leaving now; such time does not count. Comes before anything expires."""
    for note in (
        installation.note_sweep,
        campaigns.note_blocked_campaigns,
        # What waits for its mail server, or for a connection to it, is blocked too.
        lambda connection: pace.note_blocked_domains(connection, unblocked_transports(connection, settings)),
    ):
        with engine.begin() as connection:
            note(connection)


def expire_waiting(engine: Engine, settings: Settings) -> int:
    """Ends letters and emails whose time is over; how many letters.

    None while a person has to say whether this is the right database: what looks late may have been sent.
    """
    if read_switches(engine).hold_reason:
        return 0
    ends = time.monotonic() + settings.timing.task
    expired = _in_batches(engine, ends, _expire_overdue, BATCH)
    expired += _in_batches(engine, ends, _expire_worn_out, BATCH)
    expired += _in_batches(engine, ends, _end_holds, _HELD_BATCH)
    _in_batches(engine, ends, lambda connection: expiring.expire_emails(connection, BATCH), BATCH)
    return expired


def tell_of_holds(engine: Engine, settings: Settings) -> None:
    """Supporters and organizers hear of holds that end within the notice; nobody while everything is held."""
    if read_switches(engine).hold_reason:
        return
    ends = time.monotonic() + settings.timing.task
    _in_batches(engine, ends, _tell_supporters, BATCH)
    to = settings.organizer_email
    with engine.begin() as connection:
        expiring.tell_organizers_of_holds(connection, to, email_hash(settings.secret_key, to))


def _in_batches(engine: Engine, ends: float, work: Callable[[Connection], int], size: int) -> int:
    """Works until a batch is not full, or until `ends`; how many rows."""
    total = 0
    while True:
        with engine.begin() as connection:
            done = work(connection)
        total += done
        if done < size or time.monotonic() > ends:
            return total


def _expire_overdue(connection: Connection) -> int:
    return _tell(connection, expiring.expire_overdue(connection, BATCH))


def _expire_worn_out(connection: Connection) -> int:
    return _tell(connection, expiring.expire_worn_out(connection, BATCH))


def _end_holds(connection: Connection) -> int:
    """Withdraws held letters, one by one; what fails with one harms no other."""
    rows = expiring.lock_overheld(connection, _HELD_BATCH)
    for row in rows:
        values = {"hold_reason": None, **_words(connection, row)}
        letters.change_letter(connection, row, LetterState.EXPIRED, cause=Cause.HOLD_EXPIRED, values=values)
    return _tell(connection, rows)


def _words(connection: Connection, row: RowMapping) -> dict[str, object]:
    """The text of a letter that was never written: the notice shows it, so that its writer can use it otherwise."""
    if row["body"] or letters.is_erased(connection, row):
        return {}
    try:
        with connection.begin_nested():
            office = targets.offices_today(connection, [row["office_id"]])[row["office_id"]]
            words = words_for(connection, row, office)
    except Exception as error:  # noqa: BLE001 - it ends without words, and its writer's page says so
        # Without the error's text, which may quote the letter.
        _LOG.error("letter.not_written", letter_id=row["id"], error=type(error).__name__)
        return {}
    return {"subject": words["subject"], "body": words["body"]}


def _tell(connection: Connection, rows: Sequence[RowMapping]) -> int:
    """Their writers get the notice of a failed letter; a campaign that can't be read harms no other."""
    people: dict[int, set[int]] = {}
    for row in rows:
        people.setdefault(row["campaign_id"], set()).add(row["submission_id"])
    for campaign_id, submission_ids in people.items():
        try:
            with connection.begin_nested():
                plan_follow_ups(connection, campaign_id, sorted(submission_ids), Trigger.FAILED)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - the letters have ended all the same, and pages say so
            _LOG.error("letters.not_told", campaign_id=campaign_id, error=type(error).__name__)
    if rows:
        _LOG.warning("letters.expired", letters=len(rows))
    return len(rows)


def _tell_supporters(connection: Connection) -> int:
    untold = expiring.untold_holds(connection, BATCH)
    for submission_ids in untold.values():
        follow_ups.insert_steps(connection, submission_ids, _HOLD_EXPIRES, again=True)
    return sum(map(len, untold.values()))
