"""Many threads that want the same kind of work in the same moment: one does it for all, at one price.

Whoever comes while nobody works does the work at once, for everybody who has come by then; who comes meanwhile waits
for the next turn. So nobody waits for company, and a crowd makes its own batches.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")
# As many wishes as one turn takes on.
MOST = 64


class _Waiting(Generic[Wish, Answer]):
    """A wish, and its thread, which sleeps on `wakes` until there is an answer or its turn has come."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.wakes = threading.Lock()
        self.wakes.acquire()
        self.is_done = False
        self.answer: Answer
        self.error: BaseException | None = None


class Crowd(Generic[Wish, Answer]):
    """`work` gets the wishes of a turn and returns an answer for each, in their order."""

    def __init__(self, work: Callable[[Sequence[Wish]], Sequence[Answer]]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[Wish, Answer]] = []
        self._is_working = False

    def ask(self, wish: Wish) -> Answer:
        """The answer to `wish`; raises what the work of its turn raised."""
        mine = _Waiting[Wish, Answer](wish)
        with self._lock:
            self._waiting.append(mine)
            works, self._is_working = not self._is_working, True
        if not works:
            mine.wakes.acquire()
        if not mine.is_done:
            self._take_turn()
        if mine.error is not None:
            raise mine.error
        return mine.answer

    def _take_turn(self) -> None:
        with self._lock:
            turn, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            for one, answer in zip(turn, self._work([one.wish for one in turn]), strict=True):
                one.answer = answer
        except BaseException as error:  # noqa: BLE001 - each of them raises it
            for one in turn:
                one.error = error
        self._end_turn(turn)

    def _end_turn(self, turn: Sequence[_Waiting[Wish, Answer]]) -> None:
        with self._lock:
            self._is_working = bool(self._waiting)
            following = self._waiting[:1]
        for one in turn:
            one.is_done = True
        for one in (*turn, *following):
            one.wakes.release()
