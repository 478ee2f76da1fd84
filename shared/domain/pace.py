"""How fast and over how many connections a receiving domain takes letters: pure rules, kept as a row that all share."""

import math
from dataclasses import dataclass, replace
from typing import Protocol

from shared.domain.causes import Cause
from shared.domain.refusal_runs import NEW_DOMAIN, PROVED_AFTER_S

# Postfix begins with as many.
FIRST_CONNECTIONS = 5
MOST_CONNECTIONS = 128
# As many connections as would take this many letters a second from us, more than a crowd writes: two for a quick
# server, where more would only wait for each other, and all for one that thinks for seconds.
ENOUGH_PER_S = 150
FEWEST_CONNECTIONS = 2
# Batches hold so many letters. A quick server gets more at once, for which claiming and recording cost less each; a
# slow one fewer, since a lost host makes a whole batch uncertain. What nobody has been written to yet may be slow.
BATCH = 20
FIRST_BATCH = 2
LARGEST_BATCH = 200
_QUICK_BATCH_S = 0.4
# A rate may be used up in one go to this share of an hour.
BURST_SHARE = 1 / 60
# A domain that is new, or on trial after it refused everything, gets its letters over one connection, since those under
# way when it begins to refuse are refused too; over more only if a letter takes longer than this, so that all that are
# allowed leave before the domain has proved itself.
TRIED_LETTER_S = PROVED_AFTER_S / NEW_DOMAIN
_LONGEST_BREAK_S = 3_600.0
# A server may be away for days, and a power of two must stay a number.
_MOST_DOUBLINGS = 30
# A server that refuses us, whatever the letter, gets nothing for so long: every further letter makes it worse.
REST_S = {Cause.OUR_DNS: 3_600.0, Cause.OUR_REPUTATION: 3_600.0, Cause.OUR_RATE: 600.0}
# What differs by less than this share is the same.
_SAME = 0.1
# How much the newest batch counts in the average time of a letter.
_NEWEST = 0.5


@dataclass(frozen=True)
class Pace:
    """One domain's pace. `rate_per_hour` None means no limit; `seconds_per_letter` is a moving average, 0 unknown.

    `allowance` is how many letters may leave until the domain has proved itself (`shared.domain.refusal_runs`), None
    for any number; `trial` how many it is tried with after it refused everything, 0 when it did not; `is_watched` when
    its answers are kept.
    """

    rate_per_hour: int | None = None
    tokens: float = 0.0
    connections: int = FIRST_CONNECTIONS
    seconds_per_letter: float = 0.0
    failures: int = 0
    allowance: int | None = None
    trial: int = 0
    is_watched: bool = False

    @property
    def usable_connections(self) -> int:
        """How many connections may be used now."""
        if self.allowance is None:
            return self.connections
        return min(self.connections, max(1, math.ceil(self.seconds_per_letter / TRIED_LETTER_S)))


@dataclass(frozen=True)
class BatchSummary:
    """What a batch met: letters that got an answer, how many of them were told to come later, and how long it took.

    `refused` means that the server would not talk to us at all.
    """

    answered: int
    put_off: int
    seconds: float
    refused: bool = False


def batch_size(pace: Pace, *, batch_seconds: float) -> int:
    """Letters worth at most `batch_seconds` of the server's work, and one at least, within tokens and allowance."""
    if pace.seconds_per_letter == 0:
        size = FIRST_BATCH
    else:
        enough = max(BATCH, min(LARGEST_BATCH, int(_QUICK_BATCH_S / pace.seconds_per_letter)))
        size = max(1, min(enough, int(batch_seconds / pace.seconds_per_letter)))
    size = size if pace.rate_per_hour is None else min(size, int(pace.tokens))
    return size if pace.allowance is None else min(size, pace.allowance)


class HasFailures(Protocol):
    """What can refuse us several times in a row: a receiving domain, a relay."""

    @property
    def failures(self) -> int:
        """How often in a row."""


def next_pace(pace: Pace, summary: BatchSummary) -> Pace:
    """After a batch: one connection more while that helps with a willing server, half of them when it puts us off.

    A batch that no server answered says nothing about the server.
    """
    if not summary.answered and not summary.refused:
        return pace
    seconds = pace.seconds_per_letter
    if summary.answered:
        latest = summary.seconds / summary.answered
        seconds = latest if seconds == 0 else _NEWEST * latest + (1 - _NEWEST) * seconds
    # Letters that are put off one by one may be greylisted: fewer connections, but no break.
    if summary.refused:
        failures, connections = pace.failures + 1, max(1, pace.connections // 2)
    elif summary.put_off:
        failures, connections = 0, max(1, pace.connections // 2)
    else:
        enough = max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, math.ceil(seconds * ENOUGH_PER_S)))
        failures, connections = 0, min(pace.connections + 1, enough)
    return replace(pace, seconds_per_letter=seconds, failures=failures, connections=connections)


def is_news(known: Pace, learned: Pace) -> bool:
    """False when a batch only confirmed what is known, within a tenth: then nothing need be written."""
    if learned.failures != known.failures or learned.connections > known.connections:
        return True
    pairs = (
        (known.connections, learned.connections),
        (known.seconds_per_letter, learned.seconds_per_letter),
    )
    return any(abs(new - old) > _SAME * old for old, new in pairs)


def break_seconds(known: HasFailures, *, first: float, longest: float = _LONGEST_BREAK_S) -> float:
    """How long to leave a server alone that has refused us `known.failures` times in a row; 0 for none."""
    return 0.0 if known.failures == 0 else min(longest, first * 2.0 ** min(known.failures - 1, _MOST_DOUBLINGS))


def seconds_to_empty(pace: Pace, letters: int) -> float | None:
    """How long so many letters take, the slower of rate and server deciding; None while neither is known.

    Letters beyond the allowance of a new domain wait until it has proved itself. How many trials a domain needs that
    refused everything is not known.
    """
    if pace.trial:
        return None
    by_rate = letters * 3_600 / pace.rate_per_hour if pace.rate_per_hour else 0.0
    by_server = letters * pace.seconds_per_letter / pace.usable_connections
    seconds = max(by_rate, by_server)
    if seconds and pace.allowance is not None and letters > pace.allowance:
        seconds += PROVED_AFTER_S
    return seconds or None
