"""Runs of refusals: when a receiving domain refuses everything that we send, and how it is tried again.

One refusal is about a letter or a mailbox. When several mailboxes of a domain refuse letters that no supporter has
edited, it is the domain's filter, and it would refuse every further letter. So workers hold the domain, the refused
letters wait again, and a few letters at a time show when the domain takes mail again, and how much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.causes import Cause
from shared.domain.transport import Transport

# So many refusals in a row, or so many among the last answers, are a run; by at least so many mailboxes.
IN_A_ROW, AMONG, LAST_ANSWERS = 5, 10, 20
MAILBOXES = 3
# Refusals about one letter or one mailbox are not part of a run.
_COUNTED = {Cause.REFUSED, Cause.CONTENT, Cause.GAVE_UP}
# A held domain rests for so long; then one letter goes out, and after each trial twice as many.
HOLD_S = 3_600.0
LAST_TRIAL = 256
# The answer to a trial: a mail server refuses at once, a relay may report it later.
_SETTLES_S = {Transport.RELAY: 1_800.0}
_SETTLES_USUALLY_S = 60.0
# A domain that is new to us gets so many letters until it has refused none for so long.
NEW_DOMAIN, PROVED_AFTER_S = 300, 1_800.0
_HOUR_S = 3_600.0
# Fewer letters than this say nothing about a rate.
_TELLING = 20


@dataclass(frozen=True)
class Answer:
    """What became of one letter to the domain: taken, or refused."""

    mailbox: str
    is_refusal: bool


def counts(cause: Cause, *, is_edited: bool) -> bool:
    """May a refusal be part of a run? One about the content says nothing when a supporter edited the letter."""
    return cause in _COUNTED and not (cause is Cause.CONTENT and is_edited)


def is_run(answers: Sequence[Answer], trial: int = 0, *, mailboxes: int = MAILBOXES) -> bool:
    """Does the domain refuse everything, by the last answers, the oldest first? For one mailbox, `mailboxes` is 1.

    During a trial of few letters fewer refusals are enough.
    """
    needed = needed_of(trial)
    last = answers[-LAST_ANSWERS:]
    row = last[-needed:]
    if len(row) == needed and all(one.is_refusal for one in row):
        refused = _in_a_row(last)
    elif sum(one.is_refusal for one in last) >= AMONG:
        refused = [one for one in last if one.is_refusal]
    else:
        return False
    return len({one.mailbox for one in refused}) >= min(mailboxes, needed)


def needed_of(trial: int) -> int:
    """How many refusals in a row are a run: fewer during a trial of few letters."""
    return min(IN_A_ROW, max(1, trial // 2)) if trial else IN_A_ROW


def refuses_most(refused: Sequence[Answer], taken: int, *, needed: int = IN_A_ROW, mailboxes: int = MAILBOXES) -> bool:
    """The same for refusals that were reported later, of letters that left while `taken` others did."""
    is_several = len({one.mailbox for one in refused}) >= min(mailboxes, needed)
    return is_several and len(refused) >= needed and len(refused) >= taken


def learned_rate(taken: int, seconds: float) -> int | None:
    """Letters an hour that the domain took between two runs, `seconds` apart; None when they were too few to tell."""
    return max(1, int(taken * _HOUR_S / max(_HOUR_S, seconds))) if taken >= _TELLING else None


def settles_s(transport: Transport) -> float:
    """After so long without a refusal, a trial has succeeded."""
    return _SETTLES_S.get(transport, _SETTLES_USUALLY_S)


def _in_a_row(last: Sequence[Answer]) -> list[Answer]:
    row: list[Answer] = []
    for one in reversed(last):
        if not one.is_refusal:
            break
        row.append(one)
    return row
