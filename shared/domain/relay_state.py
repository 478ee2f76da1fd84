"""The state of a mail server itself, beside the domains that it passes mail on to: breaker, connections, rate.

Pure rules over a row that all workers share. A failure of the server begins one break, however many connections meet
it: each claim carries the server's epoch, every break begins a new epoch, and only a claim of the current epoch counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain.causes import Cause
from shared.domain.pace import Pace, break_seconds
from shared.domain.refusals import EFFECTS, Effect
from shared.domain.transport import MailServer

# Postfix accepts 50 connections of one client, Exim 20, over all hosts of this installation.
USUAL_MAX_CONNECTIONS = 16
MOST_MAX_CONNECTIONS = 1_000
# A ceiling that the server taught us is raised by one connection so often.
RAISE_AFTER_S = 600.0
# The longest rest, as a multiple of the first: 5, 10, 20, 40, 80, 120, 120 … seconds.
_LONGEST_REST = 24
# Failures of the server itself; everything else that it says is about a letter or its domain.
RELAY_CAUSES = (Cause.CONNECTION, Cause.TLS, *(cause for cause, effect in EFFECTS.items() if effect is Effect.RELAY))


class Breaker(StrEnum):
    """Closed: mail leaves. Open: nobody connects. Probing: one connection tries, the others wait for it."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


@dataclass(frozen=True)
class Connections:
    """Connections that are open now, over all hosts, as the worker that asks sees them.

    `ahead` were opened before the asker's own, or all of them while it holds none.
    """

    in_use: int = 0
    ahead: int = 0
    is_held: bool = False
    # The asker's connection probes, or another one does.
    is_probe: bool = False
    is_probed: bool = False


def connections_of(names: Sequence[str], worker: str, *, probe: str) -> Connections:
    """The open connections, oldest first, as `worker` sees them; `probe` names the one that probes, if it is open."""
    is_held = worker in names
    ahead = names.index(worker) if is_held else len(names)
    is_probe = is_held and worker == probe
    return Connections(len(names), ahead, is_held, is_probe, is_probed=not is_probe and probe in names)


@dataclass(frozen=True)
class RelayState:
    """`learned_connections` is what the server taught us `learned_for_s` seconds ago; None: nothing.

    `failures` counts breaks in a row; `open_until` and `open_cause` are of the last one while it is not over.
    """

    server: MailServer
    max_connections: int = USUAL_MAX_CONNECTIONS
    learned_connections: int | None = None
    learned_for_s: float = 0.0
    rate_per_hour: int | None = None
    tokens: float = 1.0
    epoch: int = 0
    failures: int = 0
    open_until: datetime | None = None
    open_cause: Cause = Cause.NONE
    is_resting: bool = False
    connections: Connections = Connections()

    @property
    def ceiling(self) -> int:
        """The most connections at a time now."""
        if self.learned_connections is None:
            return self.max_connections
        return min(self.max_connections, self.learned_connections + int(self.learned_for_s / RAISE_AFTER_S))

    @property
    def breaker(self) -> Breaker:
        """A break is over only when a probe has succeeded."""
        if self.failures == 0:
            return Breaker.CLOSED
        return Breaker.OPEN if self.is_resting else Breaker.PROBING

    @property
    def is_paused(self) -> bool:
        """True until a probe succeeds: one connection at most sends."""
        return self.breaker is not Breaker.CLOSED

    @property
    def is_probe(self) -> bool:
        """True when a connection that is admitted now is the probe."""
        return self.breaker is Breaker.PROBING

    @property
    def has_room(self) -> bool:
        """Is there a connection for the worker that asks? One that is from before a break does not outlast it."""
        if self.breaker is Breaker.PROBING:
            return self.connections.is_probe or not (self.connections.is_probed or self.connections.is_held)
        return self.breaker is Breaker.CLOSED and self.connections.ahead < self.ceiling

    @property
    def admits(self) -> bool:
        """May the worker that asks claim an email now?"""
        return self.has_room and (self.rate_per_hour is None or self.tokens >= 1)

    @property
    def has_more(self) -> bool:
        """Would another connection be admitted beside the asker's?"""
        others = self.connections.in_use - self.connections.is_held
        return self.breaker is Breaker.CLOSED and others + 1 < self.ceiling

    def paused_until(self, at: datetime) -> datetime | None:
        """Until when nothing leaves by it, as is known at this moment: the next probe; None while mail leaves."""
        if not self.is_paused:
            return None
        return max(self.open_until or at, at)

    def rest_of_domain(self, until: datetime | None, cause: Cause, at: datetime) -> tuple[datetime | None, Cause, bool]:
        """A domain's rest, with its cause, while the server is paused, too; True at the end when it is the server's."""
        paused = self.paused_until(at)
        if paused is None or (until is not None and until > paused):
            return until, cause, False
        return paused, self.open_cause, True

    def bounded(self, pace: Pace) -> Pace:
        """A domain's pace over no more connections than the server takes."""
        return replace(pace, connections=min(pace.connections, self.ceiling))

    def most_emails(self, wanted: int) -> int:
        """At most so many emails of a batch: one for a probe, else as many as the rate leaves."""
        if not self.admits:
            return 0
        if self.is_probe:
            return min(wanted, 1)
        return wanted if self.rate_per_hour is None else min(wanted, int(self.tokens))

    def counts(self, epoch: int) -> bool:
        """Does a failure of a claim of this epoch begin a break? The others belong to a break that was noted."""
        return epoch == self.epoch


def rest_seconds(failed: RelayState, *, first: float) -> float:
    """How long the server is left alone after so many breaks in a row."""
    return break_seconds(failed, first=first, longest=first * _LONGEST_REST)
