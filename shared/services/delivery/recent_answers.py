"""What a process's connections have just been answered: all stop at once where a domain or a mailbox refuses all."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from shared.domain.causes import Cause
from shared.domain.refusal_runs import LAST_ANSWERS, MAILBOXES, Answer, is_run

_MOST_NAMES = 1_000
# A batch that is recorded later than this after it found a run keeps no claim waiting: letters of other domains go on.
_MOST_WAIT_S = 5.0
_LOOK_EVERY_S = 0.02
# A domain that refused so many of its last answers gets one letter at a time: what is under way would be refused too.
_DOUBTFUL, _DOUBTFUL_AMONG = 2, 5


class _Closed(NamedTuple):
    """A domain, or a mailbox of it, that refused everything at `found_at`. Nothing claimed by `until` is tried."""

    domain: str
    found_at: float
    until: float
    cause: Cause


class RecentAnswers:
    """Shared by threads. Times are those of `boot_seconds`.

    A batch stops for what was found after its claim, or was not recorded then: the database tells only later claims
    what they may take.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of domains, and of mailboxes since their first refusal.
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(lambda: deque(maxlen=LAST_ANSWERS))
        self._closed: dict[str, _Closed] = {}
        # Batches that are not recorded yet: domain, and time of the claim.
        self._unrecorded: list[tuple[str, float]] = []
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @classmethod
    def of(cls, engine: Engine) -> "RecentAnswers":
        """Those of all runs that share the database."""
        with _OF_ENGINES_LOCK:
            return _OF_ENGINES.setdefault(engine, cls())

    def note(self, domain: str, answer: Answer, cause: Cause, at: float) -> None:
        """A letter to the domain was taken, or refused for `cause`."""
        with self._lock:
            if len(self._answers) > _MOST_NAMES:
                self._answers.clear()
                self._closed.clear()
                self._turns.clear()
            closed = _Closed(domain, found_at=at, until=at, cause=cause)
            self._note(domain, answer, closed, MAILBOXES)
            if answer.is_refusal or answer.mailbox in self._answers:
                self._note(answer.mailbox, answer, closed, 1)

    def refusal(self, domain: str, mailbox: str, claimed_at: float) -> Cause:
        """Why a letter of a batch that was claimed then is not tried now; NONE if it is."""
        with self._lock:
            for name in (domain, mailbox):
                closed = self._closed.get(name)
                if closed and (claimed_at <= closed.until or self._is_unrecorded(closed)):
                    return closed.cause
        return Cause.NONE

    @contextmanager
    def turn(self, domain: str, seconds: float) -> Iterator[bool]:
        """While a letter to the domain is sent: beside others, or alone when the domain has just refused some.

        False when the letter of another connection took longer than `seconds`.
        """
        with self._lock:
            turn = self._turns[domain] if self._is_doubtful(domain) else None
        is_mine = turn is None or turn.acquire(timeout=seconds)
        try:
            yield is_mine
        finally:
            if turn is not None and is_mine:
                turn.release()

    @contextmanager
    def recording(self, domain: str, claimed_at: float, clock: Callable[[], float]) -> Iterator[None]:
        """While a batch for this domain, which was claimed then, is sent and recorded."""
        batch = (domain, claimed_at)
        with self._lock:
            self._unrecorded.append(batch)
        try:
            yield
        finally:
            with self._lock:
                self._unrecorded.remove(batch)
                self._put_off(domain, claimed_at, clock())

    def wait_for_records(self, clock: Callable[[], float]) -> None:
        """Waits until the batches that found a run are recorded: only then do claims know of it."""
        while self._must_wait(clock()):
            time.sleep(_LOOK_EVERY_S)

    def _must_wait(self, now: float) -> bool:
        with self._lock:
            return any(
                now - closed.found_at < _MOST_WAIT_S and self._is_unrecorded(closed) for closed in self._closed.values()
            )

    def _is_doubtful(self, domain: str) -> bool:
        last = list(self._answers.get(domain, ()))[-_DOUBTFUL_AMONG:]
        return sum(one.is_refusal for one in last) >= _DOUBTFUL

    def _is_unrecorded(self, closed: _Closed) -> bool:
        """Is a batch of the run not recorded yet? It was claimed before the run was found."""
        return any(domain == closed.domain and at <= closed.found_at for domain, at in self._unrecorded)

    def _put_off(self, domain: str, claimed_at: float, now: float) -> None:
        """What was claimed before this record knows nothing of the run that the batch was part of."""
        for name, closed in self._closed.items():
            if closed.domain == domain and claimed_at <= closed.found_at:
                self._closed[name] = closed._replace(until=now)

    def _note(self, name: str, answer: Answer, closed: _Closed, mailboxes: int) -> None:
        answers = self._answers[name]
        answers.append(answer)
        if answer.is_refusal and is_run(list(answers), mailboxes=mailboxes):
            answers.clear()
            self._closed[name] = closed


_OF_ENGINES: WeakKeyDictionary[Engine, RecentAnswers] = WeakKeyDictionary()
_OF_ENGINES_LOCK = threading.Lock()
