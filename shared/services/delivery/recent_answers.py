"""What a process's connections have just been answered: all stop at once where a domain or a mailbox refuses all."""

import threading
from collections import defaultdict, deque
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from shared.domain.causes import Cause
from shared.domain.refusal_runs import LAST_ANSWERS, MAILBOXES, Answer, is_run

_MOST_NAMES = 1_000
_RECORDED_WITHIN_S = 0.5


class RecentAnswers:
    """Shared by threads. Times are those of `boot_seconds`.

    A batch stops for what was found after its claim; the database tells later claims what they may take.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of domains, and of mailboxes since their first refusal.
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(lambda: deque(maxlen=LAST_ANSWERS))
        self._closed: dict[str, tuple[float, Cause]] = {}

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
            self._note(domain, answer, cause, at, MAILBOXES)
            if answer.is_refusal or answer.mailbox in self._answers:
                self._note(answer.mailbox, answer, cause, at, 1)

    def refusal(self, domain: str, mailbox: str, claimed_at: float) -> Cause:
        """Why a letter of a batch that was claimed then is not tried now; NONE if it is."""
        for name in (domain, mailbox):
            at, cause = self._closed.get(name, (0.0, Cause.NONE))
            if cause and at >= claimed_at:
                return cause
        return Cause.NONE

    def record_wait_s(self, now: float) -> float:
        """Seconds to wait before a claim: the batch that found a run is being recorded, and then claims know of it."""
        newest = max((at for at, _ in list(self._closed.values())), default=0.0)
        return max(0.0, newest + _RECORDED_WITHIN_S - now) if newest else 0.0

    def _note(self, name: str, answer: Answer, cause: Cause, at: float, mailboxes: int) -> None:
        answers = self._answers[name]
        answers.append(answer)
        if answer.is_refusal and is_run(list(answers), mailboxes=mailboxes):
            answers.clear()
            self._closed[name] = at, cause


_OF_ENGINES: WeakKeyDictionary[Engine, RecentAnswers] = WeakKeyDictionary()
_OF_ENGINES_LOCK = threading.Lock()
