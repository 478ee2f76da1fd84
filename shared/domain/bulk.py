"""What organizers do with many letters at once, and which letters each of these leaves out, with the reason."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.domain.causes import Cause
from shared.domain.states import CANCELLABLE, NEEDS_ATTENTION, REOPENED_BY_ORGANIZER, LetterState


class BulkAction(StrEnum):
    """One thing that is done to each letter."""

    RETRY = "retry"
    SECOND = "second"
    RELEASE = "release"
    CANCEL = "cancel"
    SETTLE = "settle"


class BulkState(StrEnum):
    """How far a change of many letters is."""

    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Outcome(StrEnum):
    """What became of one of its letters. `gone` could not be taken back any more, `stopped` was never begun."""

    WAITING = "waiting"
    CHANGED = "changed"
    MOVED_ON = "moved_on"
    LEFT_OUT = "left_out"
    PUT_BACK = "put_back"
    GONE = "gone"
    STOPPED = "stopped"


# Letters leave again by these.
SENDING = frozenset({BulkAction.RETRY, BulkAction.SECOND, BulkAction.RELEASE})
# What ends an alert when the letters can't leave.
ENDING = (BulkAction.CANCEL, BulkAction.SETTLE)
# In all of this time what has not been claimed can be taken back.
GRACE = timedelta(minutes=10)
PUT_BACK_WITHIN = timedelta(days=1)
# At most so many letters at once; the rest by asking again.
MOST = 50_000
MAY_HAVE_ARRIVED = frozenset({LetterState.UNCERTAIN, LetterState.UNCONFIRMED})
RETRYABLE = REOPENED_BY_ORGANIZER | {LetterState.DEFERRED, LetterState.HELD, LetterState.UNCERTAIN}
# The rest of a sentence about letters that an error left where they were.
FAILED = "could not be changed because of an error; the server’s log names it"
# Whatever state makes an alert: each can be marked as dealt with.
_SETTLED = NEEDS_ATTENTION | {LetterState.DEFERRED}
_STATES: dict[BulkAction, frozenset[LetterState]] = {
    BulkAction.RETRY: RETRYABLE,
    BulkAction.SECOND: RETRYABLE - {LetterState.CANCELLED},
    BulkAction.RELEASE: frozenset({LetterState.HELD}),
    BulkAction.CANCEL: CANCELLABLE,
    BulkAction.SETTLE: _SETTLED,
}
_ELSEWHERE: dict[LetterState, str] = {
    LetterState.HELD: "wait for their office",
    LetterState.QUEUED: "wait to leave already",
    LetterState.SENDING: "are leaving at this moment",
    LetterState.DEFERRED: "are tried again by themselves",
    LetterState.SENT: "have left",
    LetterState.DELIVERED: "have arrived",
    LetterState.UNCERTAIN: "have left, perhaps",
    LetterState.UNCONFIRMED: "have left, perhaps",
    LetterState.REJECTED: "were refused",
    LetterState.BOUNCED: "came back",
    LetterState.EXPIRED: "were too late to send",
    LetterState.CANCELLED: "are cancelled",
    LetterState.QUARANTINED: "are set aside",
}


@dataclass(frozen=True)
class Facts:
    """What decides about one letter: where it is, and what its office is like today.

    `is_written` when its words are there; `missing` says why they can't be written now, and is empty when they can.
    """

    state: LetterState
    cause: str
    is_erased: bool
    is_written: bool
    missing: str
    address: str
    second_address: str


def why_not(action: BulkAction, letter: Facts) -> str:
    """Why this letter is left out, as the end of a sentence about several; empty when it is not."""
    if letter.state not in _STATES[action]:
        return _ELSEWHERE[letter.state]
    if letter.state is LetterState.CANCELLED and letter.cause == Cause.SUPPORTER:
        return "were taken back by their supporters"
    return _why_not_sent(action, letter) if action in SENDING else ""


def _why_not_sent(action: BulkAction, letter: Facts) -> str:
    if letter.is_erased:
        return "can't be sent any more: the supporters' data were deleted"
    if action is BulkAction.SECOND and not letter.second_address:
        return "go to an office without a second address that works"
    if not letter.is_written:
        return letter.missing
    if action is not BulkAction.SECOND and not letter.address:
        return "go to an address that fails; correct it first"
    return ""


def undo_within(action: BulkAction) -> timedelta:
    """How long it can be taken back."""
    return GRACE if action in SENDING else PUT_BACK_WITHIN
