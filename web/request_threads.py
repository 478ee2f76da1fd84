"""The threads that work on requests, and how the event loop waits for them."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


class RequestThreads:
    """A fixed number, one set in each process."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.loop: asyncio.AbstractEventLoop

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """They work until `stop`."""
        self.loop = loop
        for number in range(self._number):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    def stop(self) -> None:
        """They end when they have done what was given to them before."""
        for _ in range(self._number):
            self._jobs.put(None)

    def put(self, job: Callable[[], object]) -> None:
        """A thread calls it; it must raise nothing."""
        self._jobs.put(job)

    def run(self, work: Callable[[], Any]) -> "asyncio.Future[Any]":
        """What a thread's work gives or raises, for the event loop to wait for."""
        done = self.loop.create_future()

        def job() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - the code that waits for it gets it
                self.loop.call_soon_threadsafe(done.set_exception, error)
            else:
                self.loop.call_soon_threadsafe(done.set_result, result)

        self._jobs.put(job)
        return done

    def _work(self) -> None:
        while job := self._jobs.get():
            job()
