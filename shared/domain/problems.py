"""What keeps letters from arriving, as organizers mend it: at an office, at a mail domain, or for all at once."""

from collections.abc import Mapping
from enum import StrEnum

from shared.domain.causes import Cause
from shared.domain.states import NEEDS_ATTENTION, LetterState

# A full mailbox and a distrusted sender are tried again and again, and a person can do something about it meanwhile.
WAITS_FOR_A_PERSON = (Cause.MAILBOX_FULL, Cause.OUR_DNS)


class Problem(StrEnum):
    """One kind of trouble; filters in addresses of pages use these words."""

    ADDRESS = "address"
    MAILBOX_FULL = "mailbox_full"
    REFUSED = "refused"
    CONTENT = "content"
    TOO_LARGE = "too_large"
    GAVE_UP = "gave_up"
    OUR_DNS = "our_dns"
    UNCERTAIN = "uncertain"
    LOST_WORKER = "lost_worker"
    UNCONFIRMED = "unconfirmed"
    EXPIRED = "expired"
    QUARANTINED = "quarantined"
    VACANT_SEAT = "vacant_seat"
    NO_EMAIL = "no_email"
    SENT_QUICKLY = "sent_quickly"
    THREAT = "threat"
    RESTORED = "restored"
    NEW_HOLDER = "new_holder"
    HELD = "held"


class Scope(StrEnum):
    """What one mends: each office, each mail domain, or one thing for all."""

    OFFICE = "office"
    DOMAIN = "domain"
    ALL = "all"


PROBLEM_WORDS: dict[Problem, str] = {
    Problem.ADDRESS: "Address does not exist",
    Problem.MAILBOX_FULL: "Mailbox full",
    Problem.REFUSED: "Refused",
    Problem.CONTENT: "Text refused",
    Problem.TOO_LARGE: "Too large",
    Problem.GAVE_UP: "Tried for days",
    Problem.OUR_DNS: "Our sender is not trusted",
    Problem.UNCERTAIN: "May have arrived",
    Problem.LOST_WORKER: "Worker was lost",
    Problem.UNCONFIRMED: "Never confirmed",
    Problem.EXPIRED: "Too late to send",
    Problem.QUARANTINED: "Set aside",
    Problem.VACANT_SEAT: "Vacant seat",
    Problem.NO_EMAIL: "No email address",
    Problem.SENT_QUICKLY: "Sent within seconds",
    Problem.THREAT: "May read as a threat",
    Problem.RESTORED: "Maybe sent before a restore",
    Problem.NEW_HOLDER: "Seat changed hands",
    Problem.HELD: "Held",
}
SCOPES: dict[Problem, Scope] = {
    **dict.fromkeys(Problem, Scope.ALL),
    Problem.ADDRESS: Scope.OFFICE,
    Problem.MAILBOX_FULL: Scope.OFFICE,
    Problem.VACANT_SEAT: Scope.OFFICE,
    Problem.NO_EMAIL: Scope.OFFICE,
    Problem.NEW_HOLDER: Scope.OFFICE,
    Problem.REFUSED: Scope.DOMAIN,
    Problem.CONTENT: Scope.DOMAIN,
    Problem.TOO_LARGE: Scope.DOMAIN,
    Problem.GAVE_UP: Scope.DOMAIN,
}
_OF_STATES: dict[LetterState, Problem] = {
    LetterState.UNCERTAIN: Problem.UNCERTAIN,
    LetterState.UNCONFIRMED: Problem.UNCONFIRMED,
    LetterState.EXPIRED: Problem.EXPIRED,
    LetterState.QUARANTINED: Problem.QUARANTINED,
}
_OF_HELD: dict[Cause, Problem] = {
    Cause.ADDRESS_FAILING: Problem.ADDRESS,
    Cause.VACANT_SEAT: Problem.VACANT_SEAT,
    Cause.NO_EMAIL: Problem.NO_EMAIL,
    Cause.ABUSE_CHECK: Problem.SENT_QUICKLY,
    Cause.THREAT: Problem.THREAT,
    Cause.RESTORED: Problem.RESTORED,
    Cause.NEW_HOLDER: Problem.NEW_HOLDER,
}
_OF_FAILED: dict[Cause, Problem] = {
    Cause.NO_SUCH_ADDRESS: Problem.ADDRESS,
    Cause.MAILBOX_FULL: Problem.MAILBOX_FULL,
    Cause.OUR_DNS: Problem.OUR_DNS,
    Cause.GAVE_UP: Problem.GAVE_UP,
    Cause.CONTENT: Problem.CONTENT,
    Cause.TOO_LARGE: Problem.TOO_LARGE,
}


def problem_of(state: LetterState, cause: Cause) -> Problem | None:
    """The problem of a letter; None when it needs nobody."""
    if state is LetterState.UNCERTAIN and cause is Cause.LEASE_EXPIRED:
        return Problem.LOST_WORKER
    if state in _OF_STATES:
        return _OF_STATES[state]
    if state is LetterState.HELD:
        return _OF_HELD.get(cause, Problem.HELD)
    if state in (LetterState.REJECTED, LetterState.BOUNCED):
        return _OF_FAILED.get(cause, Problem.REFUSED)
    return _OF_FAILED[cause] if state is LetterState.DEFERRED and cause in WAITS_FOR_A_PERSON else None


def _places() -> dict[Problem, dict[LetterState, tuple[Cause, ...]]]:
    found: dict[Problem, dict[LetterState, tuple[Cause, ...]]] = {problem: {} for problem in Problem}
    for state in sorted(NEEDS_ATTENTION | {LetterState.DEFERRED}):
        for cause in Cause:
            if problem := problem_of(state, cause):
                found[problem][state] = (*found[problem].get(state, ()), cause)
    return found


# Where the letters of each problem are: states, each with the causes that count.
PLACES: Mapping[Problem, Mapping[LetterState, tuple[Cause, ...]]] = _places()
