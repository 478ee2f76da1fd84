"""Serves the WSGI app through Granian's RSGI interface, so that slow connections hold no threads.

A request's body is read here, on the event loop; only a request that is whole gets a thread. An answer that is longer
than a page goes out as fast as its reader takes it, and holds a thread only while the next piece is made.
See docs/decisions/0033.
"""

import asyncio
import resource
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from granian.rsgi import HTTPProtocol, ProtocolClosed, ProtocolError, Scope  # type: ignore[attr-defined]

from web.granian_shortcut import skip_the_loop
from web.request_bodies import NO_BODY, Body, BodyLimits, CutOff, RequestBodies
from web.request_threads import RequestThreads
from web.wsgi_call import Pieces, call, make_environ

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

THREADS = 8
# For Granian's --backpressure of 4,096 connections, and what a process opens besides.
_OPEN_FILES = 5_000
_TOO_SLOW = (408, [("content-type", "text/plain; charset=utf-8"), ("connection", "close")], "Too slow.\n")


class RsgiApp:
    """The RSGI side of a WSGI app, one in each process."""

    def __init__(self, app: "WSGIApplication", *, threads: int = THREADS, limits: BodyLimits | None = None) -> None:
        self._app = app
        self._bodies = RequestBodies(limits or BodyLimits())
        self._threads = RequestThreads(threads)
        self._sending: set[asyncio.Task[None]] = set()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """For other servers: the WSGI app as it is."""
        return self._app(environ, start_response)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where bodies are read and long answers are sent."""
        return self._threads.loop

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """The process begins to serve."""
        _allow_open_files()
        self._threads.start(loop)
        skip_the_loop(self.__rsgi__, _has_no_body, self._begin)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Every request is answered, and the process ends."""
        self._threads.stop()

    async def __rsgi__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Answers one request."""
        try:
            body = await self._read_body(scope, proto)
        except TimeoutError:
            return proto.response_str(*_TOO_SLOW)
        except (CutOff, ProtocolError):
            return proto.response_empty(400, [("connection", "close")])
        try:
            pieces = await self._threads.run(partial(self._answer, scope, proto, body))
            if pieces is not None:
                await self._send(proto, pieces)
        finally:
            self._bodies.release(body)

    async def _read_body(self, scope: Scope, proto: HTTPProtocol) -> Body:
        if _has_no_body(scope):
            return NO_BODY
        length = scope.headers.get("content-length")
        return await self._bodies.read(proto, None if length is None else int(length))

    def _begin(self, watcher: Any) -> None:
        """Answers a request without a body, which needs no task."""
        self._threads.put(partial(self._answer_for, watcher))

    def _answer_for(self, watcher: Any) -> None:
        """In a thread. The watcher is Granian's: scope and proto of a request, and where its failure is reported."""
        try:
            pieces = self._answer(watcher.scope, watcher.proto, NO_BODY)
        except BaseException as error:  # noqa: BLE001 - Granian logs it and answers 500
            watcher.err(error)
        else:
            if pieces is not None:
                self.loop.call_soon_threadsafe(self._begin_to_send, watcher.proto, pieces)

    def _answer(self, scope: Scope, proto: HTTPProtocol, body: Body) -> Pieces | None:
        """In a thread: answers, or gives what the loop has to send."""
        answer = call(self._app, make_environ(scope, body))
        if isinstance(answer, Pieces):
            return answer
        proto.response_bytes(*answer)
        return None

    def _begin_to_send(self, proto: HTTPProtocol, pieces: Pieces) -> None:
        task = self.loop.create_task(self._send(proto, pieces))
        # The loop itself keeps only weak references.
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, proto: HTTPProtocol, pieces: Pieces) -> None:
        try:
            transport = proto.response_stream(pieces.status, pieces.headers)
            while (piece := await self._threads.run(partial(next, pieces.body, None))) is not None:
                await transport.send_bytes(piece)
        except ProtocolClosed:
            pass
        finally:
            await self._threads.run(pieces.close)


def _allow_open_files() -> None:
    """The usual soft limit of 1,024 is less than the connections that Granian takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _has_no_body(scope: Scope) -> bool:
    headers = scope.headers
    return "content-length" not in headers and "transfer-encoding" not in headers
