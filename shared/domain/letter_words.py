"""The words for letter states that pages, CSV, API and help share, and the supporter's three-step rail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.phrases import Phrase, phrase
from shared.domain.states import FAILED, LetterState
from shared.domain.transport import Transport

LETTER_GONE = phrase("We have no letter at this web address. It may have been deleted.")
SEAT_VACANT = phrase("Nobody holds this seat now. We keep your letter for the next office holder.")
# Where the pages of a letter's own writer say it otherwise than the console.
_OWN_WORDS = {
    Cause.VACANT_SEAT.value: SEAT_VACANT,
    Cause.NEW_HOLDER.value: phrase("This seat has a new office holder. Your letter is waiting for your decision."),
    Cause.SUPPORTER.value: phrase("Taken back by its writer."),
}
StepKind = Literal["done", "now", "todo", "bad"]

STATE_WORDS: dict[LetterState, Phrase] = {
    LetterState.HELD: phrase("On hold"),
    LetterState.QUEUED: phrase("Waiting to leave"),
    LetterState.SENDING: phrase("Sending"),
    LetterState.DEFERRED: phrase("Delayed, we try again"),
    LetterState.SENT: phrase("Sent"),
    LetterState.UNCERTAIN: phrase("Sent, not confirmed yet"),
    LetterState.DELIVERED: phrase("Delivered"),
    LetterState.UNCONFIRMED: phrase("Not confirmed"),
    LetterState.REJECTED: phrase("Refused"),
    LetterState.BOUNCED: phrase("Bounced"),
    LetterState.EXPIRED: phrase("Too late to send"),
    LetterState.CANCELLED: phrase("Cancelled"),
    LetterState.QUARANTINED: phrase("Set aside"),
}


@dataclass(frozen=True)
class RailStep:
    """One step on the rail: what, when, and whether it is done, going on, to come, or went wrong."""

    label: str
    kind: StepKind
    at: datetime | None = None


def state_words(state: LetterState, transport: Transport, receiving_domain: str) -> str:
    """The state in true words: `sent` names who accepted the letter, and never claims more."""
    if state is not LetterState.SENT:
        return STATE_WORDS[state]
    if transport is Transport.MAILBOX:
        return phrase("In the local mailbox")
    if transport is Transport.DIRECT:
        return phrase("Accepted by %(domain)s", domain=receiving_domain)
    return phrase("Passed to our mail service")


def own_cause_words(cause: str) -> str:
    """The same, worded for the letter's own writer."""
    return _OWN_WORDS.get(cause) or cause_words(cause)


def has_failed(state: LetterState, cause: str) -> bool:
    """True when its writer is told that it did not get through: also for what was withdrawn from a vacant seat."""
    return state in FAILED or (state is LetterState.CANCELLED and cause == Cause.WITHDRAWN)


def cause_words(cause: str) -> str:
    """What happened, for supporters and organizers alike; empty when there is nothing to say."""
    return CAUSE_WORDS[Cause(cause)].what


def rail(
    state: LetterState, words: str, *, accepted_at: datetime, changed_at: datetime, sent_at: datetime | None
) -> tuple[RailStep, ...]:
    """Received, sent, delivered. Silence never fills the last step."""
    received = RailStep(phrase("Received"), "done", accepted_at)
    last = RailStep(phrase("Delivered"), "todo")
    if state in (LetterState.QUEUED, LetterState.SENDING, LetterState.DEFERRED, LetterState.HELD):
        return received, RailStep(words, "now", changed_at), last
    if state in (LetterState.SENT, LetterState.UNCERTAIN, LetterState.UNCONFIRMED):
        return received, RailStep(words, "done" if state is LetterState.SENT else "now", sent_at or changed_at), last
    if state is LetterState.DELIVERED:
        return received, RailStep(phrase("Sent"), "done", sent_at), RailStep(words, "done", changed_at)
    return received, RailStep(words, "bad", changed_at)


def office_label(title: str, holder: str, district: str) -> str:
    """`Representative Pat Doe`, or `Representative, 1st Franklin` for a vacant seat."""
    return f"{title} {holder}" if holder else f"{title}, {district}"
