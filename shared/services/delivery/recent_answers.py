"""What a process's connections have just been answered: all stop at once where a domain or a mailbox refuses all."""

import threading
from collections import defaultdict, deque
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from shared.domain.causes import Cause
from shared.domain.refusal_runs import LAST_ANSWERS, MAILBOXES, Answer, is_run

_MOST_NAMES = 1_000


class _Run(NamedTuple):
    """A domain or a mailbox refused everything."""

    found_at: float
    cause: Cause


class RecentAnswers:
    """Shared by threads. Times are those of `boot_seconds`.

    A batch stops for what was found after its claim: the database tells only later claims what they may take.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of domains, and of mailboxes since their first refusal.
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(lambda: deque(maxlen=LAST_ANSWERS))
        self._runs: dict[str, _Run] = {}

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
                self._runs.clear()
            run = _Run(at, cause)
            self._note(domain, answer, run, MAILBOXES)
            if answer.is_refusal or answer.mailbox in self._answers:
                self._note(answer.mailbox, answer, run, 1)

    def refusal(self, domain: str, mailbox: str, claimed_at: float) -> Cause:
        """Why a letter of a batch that was claimed then is not tried; NONE if it is."""
        with self._lock:
            for name in (domain, mailbox):
                run = self._runs.get(name)
                if run and claimed_at <= run.found_at:
                    return run.cause
        return Cause.NONE

    def has_refused(self, domain: str, claimed_at: float) -> bool:
        """Is a refusal among the domain's last answers, or was a run found after this claim?"""
        if self.refusal(domain, "", claimed_at):
            return True
        with self._lock:
            return any(one.is_refusal for one in self._answers.get(domain, ()))

    def _note(self, name: str, answer: Answer, run: _Run, mailboxes: int) -> None:
        answers = self._answers[name]
        answers.append(answer)
        if answer.is_refusal and is_run(list(answers), mailboxes=mailboxes):
            answers.clear()
            self._runs[name] = run


_OF_ENGINES: WeakKeyDictionary[Engine, RecentAnswers] = WeakKeyDictionary()
_OF_ENGINES_LOCK = threading.Lock()
