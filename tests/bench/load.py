"""A browser crowd in one thread: raw keep-alive connections under epoll, some 20 µs of CPU a request.

It shares the machine with what it measures, so it does as little as possible. The same client asks for everything.
"""

import heapq
import select
import socket
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_END = b"\r\n\r\n"
_READ = 262_144
_NO_BODY = (204, 304)
# An answer that takes longer than this counts as none.
TIME_OUT_S = 30.0


class Answer(NamedTuple):
    """What came back; `head` begins with the status line."""

    status: int
    head: bytes
    body: bytes


# Yields a request and gets its answer, or yields seconds to think and gets None.
Script = Generator[bytes | float, Answer | None, None]


@dataclass
class Played:
    """`latencies` in seconds; in an open loop from the moment that the request was due."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.statuses.total() / self.seconds

    def expect(self, *statuses: int) -> "Played":
        """Raises AssertionError when any other status came."""
        assert set(self.statuses) <= set(statuses), f"wanted {statuses}, got {dict(self.statuses)}"
        return self


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.script: Script | None = None
        self.since = 0.0
        self._got = b""

    def ask(self, request: bytes, since: float) -> None:
        self.since = since
        self.socket.sendall(request)

    def read(self) -> Answer | None:
        """The answer once it is whole."""
        data = self.socket.recv(_READ)
        if not data:
            raise ConnectionError("The web server closed a connection.")
        self._got = self._got + data if self._got else data
        end = self._got.find(_END)
        if end < 0:
            return None
        head = self._got[:end]
        status = int(head[9:12])
        whole = end + len(_END) + (0 if status in _NO_BODY else _length(head))
        if len(self._got) < whole:
            return None
        answer = Answer(status, head, self._got[end + len(_END) : whole])
        self._got = self._got[whole:]
        return answer


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    assert at >= 0, "an answer without Content-Length"
    return int(lower[at + 15 :].split(b"\r\n", 1)[0])


def play(port: int, scripts: Iterable[Script], *, connections: int, seconds: float | None = None) -> Played:
    """Each connection plays one script after the other, until there are none or the time is over."""
    return _Stage(port, iter(scripts), connections, seconds).run()


def ask(port: int, requests: Iterator[bytes], *, connections: int = 32, seconds: float | None = None) -> Played:
    """Requests that need nothing from each other's answers, one after the other on each connection."""
    return play(port, (_plain(requests) for _ in range(connections)), connections=connections, seconds=seconds)


def _plain(requests: Iterator[bytes]) -> Script:
    # Not `yield from`: answers are sent in, and most iterators can't take them.
    for request in requests:  # noqa: UP028
        yield request


class _Stage:
    """A closed loop: who has an answer asks the next thing."""

    def __init__(self, port: int, scripts: Iterator[Script], connections: int, seconds: float | None) -> None:
        self._scripts, self._seconds = scripts, seconds
        self._poll = select.epoll()
        self._open = {}
        for _ in range(connections):
            one = _Connection(port)
            self._open[one.socket.fileno()] = one
            self._poll.register(one.socket.fileno(), select.EPOLLIN)
        self._pauses: list[tuple[float, int]] = []
        self._busy = 0
        self._played = Played()

    def run(self) -> Played:
        began = time.perf_counter()
        ends = began + self._seconds if self._seconds else float("inf")
        for one in self._open.values():
            self._busy += 1
            self._next(one, None)
        while self._busy:
            now = time.perf_counter()
            if now > ends or now > began + 600:
                break
            for number, _ in self._poll.poll(max(0.0, min(0.2, self._pauses[0][0] - now)) if self._pauses else 0.2):
                self._hear(self._open[number])
            while self._pauses and self._pauses[0][0] <= time.perf_counter():
                self._next(self._open[heapq.heappop(self._pauses)[1]], None)
        self._played.seconds = time.perf_counter() - began
        for one in self._open.values():
            one.socket.close()
        self._poll.close()
        return self._played

    def _hear(self, one: _Connection) -> None:
        answer = one.read()
        if answer is not None:
            self._played.latencies.append(time.perf_counter() - one.since)
            self._played.statuses[answer.status] += 1
            self._next(one, answer)

    def _next(self, one: _Connection, answer: Answer | None) -> None:
        while True:
            try:
                if one.script is None:
                    one.script = next(self._scripts)
                    step = next(one.script)
                else:
                    step = one.script.send(answer)
            except StopIteration:
                if one.script is None:
                    self._busy -= 1
                    return
                one.script = None
                continue
            if isinstance(step, float):
                heapq.heappush(self._pauses, (time.perf_counter() + step, one.socket.fileno()))
            else:
                one.ask(step, time.perf_counter())
            return


def ask_on_schedule(port: int, timed: Sequence[tuple[float, bytes]], *, connections: int = 256) -> Played:
    """An open loop: each request leaves at its moment (seconds from the start), whatever became of those before.

    With all connections busy it waits for one, and its latency goes on counting. What has no answer at the end
    counts as status 0 and the whole time-out.
    """
    played, poll = Played(), select.epoll()
    every: dict[int, _Connection] = {}
    free: list[_Connection] = []
    waiting = iter(timed)
    due = next(waiting, None)
    began = time.perf_counter()
    ends = began + timed[-1][0] + TIME_OUT_S
    while (due or len(free) < len(every)) and (now := time.perf_counter()) < ends:
        while due and began + due[0] <= now and (free or len(every) < connections):
            if not free:
                free.append(_Connection(port))
                every[free[-1].socket.fileno()] = free[-1]
                poll.register(free[-1].socket.fileno(), select.EPOLLIN)
            free.pop().ask(due[1], began + due[0])
            due = next(waiting, None)
        # A request that waits for a connection must not make the loop spin.
        pause = max(0.0, began + due[0] - now) if due and (free or len(every) < connections) else 0.2
        for number, _ in poll.poll(min(pause, 0.2)):
            one = every[number]
            answer = one.read()
            if answer is not None:
                played.latencies.append(time.perf_counter() - one.since)
                played.statuses[answer.status] += 1
                free.append(one)
    lost = len(timed) - len(played.latencies)
    played.statuses[0] += lost
    played.latencies += [TIME_OUT_S] * lost
    played.seconds = time.perf_counter() - began
    for one in every.values():
        one.socket.close()
    return played
