"""Writes a batch's outcomes and what follows from them. Used after sending, and for what a dead worker left."""

from collections.abc import Sequence

from sqlalchemy import Connection

from shared.db import follow_ups
from shared.db.claims import Kind, Result, record_results
from shared.domain.follow_ups import Trigger
from shared.domain.states import CLAIMABLE, LetterState
from shared.services.delivery.refusal_runs import learn_from_replies
from shared.services.erasure import stop_erased
from shared.services.follow_up_plan import plan_for_letters
from shared.services.letter_fit import follow_holders
from shared.services.office_addresses import refuse_addresses

_TRIGGERS = {LetterState.SENT: Trigger.FIRST_SENT, LetterState.REJECTED: Trigger.FAILED}


def record(
    connection: Connection, kind: Kind, results: Sequence[Result], *, worker: str = "", is_watched: bool = False
) -> bool:
    """Outcomes, and the follow-ups of letters that left or were refused; True when any of those became due.

    `worker` as in `record_results`, `is_watched` as in `learn_from_replies`.
    """
    rows = record_results(connection, kind, results, worker=worker)
    if kind is not Kind.LETTER:
        follow_ups.suppress_refused(connection, [row["id"] for row in rows if row["state"] == LetterState.REJECTED])
        return False
    refuse_addresses(connection, rows)
    stop_erased(connection, rows)
    follow_holders(connection, [row["id"] for row in rows if row["state"] in CLAIMABLE])
    due = [
        plan_for_letters(connection, [row for row in rows if row["state"] == state], trigger)
        for state, trigger in _TRIGGERS.items()
    ]
    # Last: it locks the row of the receiving domain.
    learn_from_replies(connection, rows, is_watched=is_watched)
    return any(due)
