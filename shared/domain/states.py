"""The states of submissions, letters and campaigns, and every allowed arrow between them.

This is the one place to read what may follow what. `shared/db/letters.py` holds the one function that
changes a letter's state; nothing else may write that column.
"""

from enum import StrEnum

from shared.errors import IllegalTransition


class CampaignState(StrEnum):
    """`draft` is practice: its letters are test letters for the local mailbox."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    CLOSED = "closed"
    WON = "won"


class SubmissionState(StrEnum):
    """Where one supporter's action stands; `accepted_at` beside it says that Send was pressed."""

    DRAFT = "draft"
    LOOKING_UP = "looking_up"
    READY = "ready"
    NEEDS_ADDRESS = "needs_address"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class LetterState(StrEnum):
    """Where one letter stands. Pages, CSV, API and help use these names."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    DELIVERED = "delivered"
    UNCONFIRMED = "unconfirmed"
    REJECTED = "rejected"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"


class HoldReason(StrEnum):
    """Why a letter is `held`."""

    VACANT_SEAT = "vacant_seat"
    NO_EMAIL = "no_email"
    ADDRESS_FAILING = "address_failing"
    NEW_HOLDER = "new_holder"
    ABUSE_CHECK = "abuse_check"
    CONFIRMATION = "confirmation"
    RESTORE = "restore"
    ORGANIZER = "organizer"


_S = SubmissionState
SUBMISSION_ARROWS: dict[SubmissionState, frozenset[SubmissionState]] = {
    _S.DRAFT: frozenset({_S.LOOKING_UP, _S.WITHDRAWN, _S.EXPIRED}),
    _S.LOOKING_UP: frozenset({_S.READY, _S.NEEDS_ADDRESS, _S.DRAFT, _S.WITHDRAWN, _S.EXPIRED}),
    _S.READY: frozenset({_S.DRAFT, _S.WITHDRAWN, _S.EXPIRED}),
    _S.NEEDS_ADDRESS: frozenset({_S.READY, _S.DRAFT, _S.WITHDRAWN, _S.EXPIRED}),
    _S.WITHDRAWN: frozenset(),
    _S.EXPIRED: frozenset(),
}

# The lookup has no answer yet.
LOOKUP_WAITING = frozenset({_S.DRAFT, _S.LOOKING_UP})

_L = LetterState
# Ends that an organizer can reopen, which is logged with their id. Only the sweep does so, too: with letters that were
# refused in a run (`shared.domain.refusal_runs`).
REOPENED_BY_ORGANIZER = frozenset({_L.REJECTED, _L.BOUNCED, _L.EXPIRED, _L.CANCELLED, _L.QUARANTINED, _L.UNCONFIRMED})
LETTER_ARROWS: dict[LetterState, frozenset[LetterState]] = {
    # To delivered, from here and from other states in which nothing has left: it had left before, and waited again.
    _L.HELD: frozenset({_L.QUEUED, _L.CANCELLED, _L.EXPIRED, _L.DELIVERED}),
    _L.QUEUED: frozenset({_L.SENDING, _L.HELD, _L.CANCELLED, _L.EXPIRED, _L.DELIVERED}),
    # Back to `queued` is for what is proved unsent: SIGTERM, AUTH or TLS failure, breaker. No attempt counts.
    _L.SENDING: frozenset({_L.SENT, _L.DEFERRED, _L.REJECTED, _L.UNCERTAIN, _L.QUARANTINED, _L.QUEUED}),
    _L.DEFERRED: frozenset({_L.SENDING, _L.HELD, _L.EXPIRED, _L.CANCELLED, _L.DELIVERED}),
    # Deferred by a bounce that says that the mailbox is full or our sender not trusted: it certainly did not arrive.
    _L.SENT: frozenset({_L.DELIVERED, _L.BOUNCED, _L.DEFERRED}),
    # A worker that slept past its lease may still learn what its attempt came to, and the journal may prove it.
    _L.UNCERTAIN: frozenset(
        {_L.QUEUED, _L.SENT, _L.DEFERRED, _L.REJECTED, _L.BOUNCED, _L.DELIVERED, _L.UNCONFIRMED, _L.QUARANTINED}
    ),
    _L.DELIVERED: frozenset({_L.BOUNCED, _L.DEFERRED}),
    _L.UNCONFIRMED: frozenset({_L.SENT, _L.BOUNCED, _L.DELIVERED, _L.DEFERRED, _L.QUEUED}),
    **{end: frozenset({_L.QUEUED, _L.DELIVERED}) for end in (_L.REJECTED, _L.EXPIRED)},
    **{end: frozenset({_L.QUEUED}) for end in (_L.BOUNCED, _L.CANCELLED, _L.QUARANTINED)},
}
# An organizer takes back a change of several letters, or of an office: letters to which nothing has happened since go
# back to where they were. No attempt and no receipt moves a letter this way.
PUT_BACK_ARROWS: dict[LetterState, frozenset[LetterState]] = {
    _L.QUEUED: REOPENED_BY_ORGANIZER | {_L.HELD, _L.UNCERTAIN},
    _L.HELD: REOPENED_BY_ORGANIZER | {_L.QUEUED, _L.DEFERRED, _L.UNCERTAIN},
    _L.CANCELLED: frozenset({_L.HELD, _L.QUEUED, _L.DEFERRED}),
}
# A person releases a restored database: a host's ledger says that a letter left, or nobody knows whether it did.
RESTORED_ARROWS: dict[LetterState, frozenset[LetterState]] = {
    **dict.fromkeys((_L.HELD, _L.QUEUED, _L.DEFERRED), frozenset({_L.SENT, _L.HELD})),
    **dict.fromkeys((_L.SENDING, _L.UNCERTAIN), frozenset({_L.SENT})),
}
# What a claim may take, and what still waits to leave.
CLAIMABLE = frozenset({_L.QUEUED, _L.DEFERRED})
WAITING = frozenset({_L.HELD, _L.QUEUED, _L.DEFERRED})
CANCELLABLE = frozenset(state for state, to in LETTER_ARROWS.items() if _L.CANCELLED in to)
# Handed to a mail server, or perhaps: only these can be answered.
HAS_LEFT = frozenset({_L.SENT, _L.DELIVERED, _L.BOUNCED, _L.UNCERTAIN, _L.UNCONFIRMED})
# It will not arrive, unless an organizer sends it again.
FAILED = frozenset({_L.REJECTED, _L.BOUNCED, _L.EXPIRED})
NEEDS_ATTENTION = frozenset(
    {_L.HELD, _L.UNCERTAIN, _L.UNCONFIRMED, _L.REJECTED, _L.BOUNCED, _L.EXPIRED, _L.QUARANTINED}
)
END_STATES = frozenset(
    {_L.SENT, _L.DELIVERED, _L.UNCONFIRMED, _L.REJECTED, _L.BOUNCED, _L.EXPIRED, _L.CANCELLED, _L.QUARANTINED}
)


def check_letter_arrow(old: LetterState, new: LetterState, *, is_put_back: bool = False) -> None:
    """Raises IllegalTransition when the table, or that of what is put back, has no arrow from `old` to `new`."""
    arrows = PUT_BACK_ARROWS.get(old, frozenset()) if is_put_back else LETTER_ARROWS[old]
    if new not in arrows:
        raise IllegalTransition(f"A letter that is {old} can't become {new}.")


def check_submission_arrow(old: SubmissionState, new: SubmissionState) -> None:
    """Raises IllegalTransition when the table has no arrow from `old` to `new`."""
    if new not in SUBMISSION_ARROWS[old]:
        raise IllegalTransition(f"A submission that is {old} can't become {new}.")
