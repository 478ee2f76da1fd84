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
    """A domain, or a mailbox of it, that refused everything at that time."""

    domain: str
    at: float
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
        # When a run of a domain was found last, and batches that are not recorded yet: domain, and time of the claim.
        self._found: dict[str, float] = {}
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
                self._found.clear()
                self._turns.clear()
            closed = _Closed(domain, at, cause)
            is_found = self._note(domain, answer, closed, MAILBOXES)
            if answer.is_refusal or answer.mailbox in self._answers:
                is_found |= self._note(answer.mailbox, answer, closed, 1)
            if is_found:
                self._found[domain] = at

    def refusal(self, domain: str, mailbox: str, claimed_at: float) -> Cause:
        """Why a letter of a batch that was claimed then is not tried now; NONE if it is."""
        with self._lock:
            for name in (domain, mailbox):
                closed = self._closed.get(name)
                if closed and (claimed_at <= closed.at or self._is_unrecorded(domain, closed.at)):
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
                now - at < _MOST_WAIT_S and self._is_unrecorded(domain, at) for domain, at in self._found.items()
            )

    def _is_doubtful(self, domain: str) -> bool:
        last = list(self._answers.get(domain, ()))[-_DOUBTFUL_AMONG:]
        return sum(one.is_refusal for one in last) >= _DOUBTFUL

    def _is_unrecorded(self, domain: str, at: float) -> bool:
        """Is a batch for the domain, claimed before then, not recorded yet?"""
        return any(one == domain and claimed_at <= at for one, claimed_at in self._unrecorded)

    def _put_off(self, domain: str, claimed_at: float, now: float) -> None:
        """What was claimed before this record knows nothing of what the batch found."""
        for name, closed in self._closed.items():
            if closed.domain == domain and claimed_at <= closed.at:
                self._closed[name] = closed._replace(at=now)

    def _note(self, name: str, answer: Answer, closed: _Closed, mailboxes: int) -> bool:
        answers = self._answers[name]
        answers.append(answer)
        is_found = answer.is_refusal and is_run(list(answers), mailboxes=mailboxes)
        if is_found:
            answers.clear()
            self._closed[name] = closed
        return is_found


_OF_ENGINES: WeakKeyDictionary[Engine, RecentAnswers] = WeakKeyDictionary()
_OF_ENGINES_LOCK = threading.Lock()
