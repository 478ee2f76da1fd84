"""Reads request bodies before a thread works on them, within bounds of time and memory.

A sender gets as long as Apache's mod_reqtimeout gives by default. When bodies hold too much memory, the one that has
been coming in for the longest is given up: an honest form arrives within moments.
"""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import NamedTuple

MIB = 1024 * 1024


@dataclass(frozen=True)
class BodyLimits:
    """`seconds` for the first bytes and one more for every `bytes_a_second`; `one` and `together` in bytes."""

    seconds: float = 20.0
    bytes_a_second: int = 500
    one: int = 8 * MIB
    together: int = 64 * MIB


class Body(NamedTuple):
    """The body; if it is too large, only its length, or that it is longer than the limit."""

    content: bytes
    length: int


NO_BODY = Body(b"", 0)


class GivenUp(TimeoutError):
    """Others needed the memory."""


class CutOff(ConnectionError):
    """The sender went away, or sent what HTTP does not allow."""


class RequestBodies:
    """The bodies of unanswered requests that one process holds."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._held = 0
        # In the order of their beginning.
        self._coming: dict[asyncio.Timeout, bytearray] = {}

    async def read(self, chunks: AsyncIterable[bytes], declared: int | None) -> Body:
        """The body, which counts as held until `release`; raises TimeoutError or CutOff.

        A body in chunks declares no length.
        """
        if declared == 0:
            return NO_BODY
        if declared is not None and declared > self._limits.one:
            return Body(b"", declared)
        content = bytearray()
        is_whole = False
        async with asyncio.timeout(self._limits.seconds) as deadline:
            self._coming[deadline] = content
            try:
                await self._collect(chunks, content, declared, deadline)
                is_whole = len(content) <= self._limits.one
            finally:
                if self._coming.pop(deadline, None) is not None and not is_whole:
                    self._held -= len(content)
        return Body(bytes(content) if is_whole else b"", len(content))

    async def _collect(
        self, chunks: AsyncIterable[bytes], content: bytearray, declared: int | None, deadline: asyncio.Timeout
    ) -> None:
        """Ends with the body, or when it is too long."""
        latest = deadline.when() or 0.0
        has_ended = False
        async for chunk in chunks:
            # Granian ends a body with one empty chunk, and puts another one where an error was.
            if has_ended:
                raise CutOff
            has_ended = not chunk
            self._hold(chunk, deadline)
            if len(content) == declared or len(content) > self._limits.one:
                return
            deadline.reschedule(latest + len(content) / self._limits.bytes_a_second)
        if declared is not None:
            raise CutOff

    def _hold(self, chunk: bytes, deadline: asyncio.Timeout) -> None:
        if deadline in self._coming:
            self._coming[deadline] += chunk
            self._held += len(chunk)
            if self._held > self._limits.together:
                self._give_up_oldest()
        if deadline not in self._coming:
            raise GivenUp

    def release(self, body: Body) -> None:
        """The request is answered."""
        self._held -= len(body.content)

    def _give_up_oldest(self) -> None:
        oldest = next(iter(self._coming))
        self._held -= len(self._coming.pop(oldest))
        oldest.reschedule(0.0)
