"""Compares what filters refused with the states of letters, at the end of a seed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.domain.identities import read_mark
from shared.domain.refusal_runs import AMONG, IN_A_ROW
from shared.domain.states import LetterState
from tests.faults.filters import DOMAIN, Kind, Reach, kind_of

if TYPE_CHECKING:
    from tests.faults.conftest import Stack

_LETTERS = text(
    """
    SELECT letter.id, letter.state, lower(recipient_email) AS mailbox, hold_reason,
        erase_requested_at IS NOT NULL OR scrubbed_at IS NOT NULL AS is_erased
    FROM letter
    JOIN submission ON submission.id = letter.submission_id
    ORDER BY letter.id
    """
)
_WAS_HELD = text("SELECT count(*) FROM domain_pace WHERE receiving_domain = :domain AND held_at IS NOT NULL")


def wrong_with_filters(stack: "Stack", *, was_restored: bool) -> Iterator[str]:
    """I1 for a letter that failed although the refusal was about its domain, its mailbox or us; I3 for odd holds.

    A restored database has forgotten the refusals since its backup: the number of those before it is not known.
    """
    with stack.engine.connect() as connection:
        letters = list(connection.execute(_LETTERS).mappings())
        was_held = bool(connection.scalar(_WAS_HELD, {"domain": DOMAIN}))
    mailboxes = {letter["id"]: letter["mailbox"] for letter in letters}
    refused = {
        LetterState.REJECTED: _kinds(stack, stack.sink.refusals),
        LetterState.BOUNCED: _kinds(stack, stack.sink.returned),
    }
    for letter in letters:
        state, number = LetterState(letter["state"]), letter["id"]
        if state is LetterState.HELD and not letter["hold_reason"]:
            yield f"I3: letter {number} waits, and nothing says why"
        kinds = refused.get(state, {})
        kind = kinds.get(number)
        if kind is None or kind.fails_letters or letter["is_erased"]:
            continue
        alike = [one for one, by in kinds.items() if by is kind]
        if kind.reach is Reach.MAILBOX:
            alike = [one for one in alike if mailboxes.get(one) == letter["mailbox"]]
        is_held = was_held and kind.reach is Reach.DOMAIN
        if kind.delays_letters or is_held or (_is_run(kind, len(alike)) and not was_restored):
            yield f"I1: letter {number} is {state}, for what is no fault of its own: {kind.name}"


def _is_run(kind: Kind, refused: int) -> bool:
    """So many letters can't all have been refused without a run, in whatever order the answers were recorded."""
    return refused >= (IN_A_ROW if kind.reach is Reach.MAILBOX else AMONG)


def _kinds(stack: "Stack", refusals: Mapping[str, str]) -> dict[int, Kind | None]:
    """Why letters were refused last, by their numbers; None for what a server in a mood said."""
    marks = ((read_mark(stack.settings.secret_key, sender), reply) for sender, reply in list(refusals.items()))
    known = [(mark, reply) for mark, reply in marks if mark is not None and mark.kind == "letter"]
    return {mark.number: kind_of(reply) for mark, reply in sorted(known, key=lambda one: one[0].resends or 0)}
