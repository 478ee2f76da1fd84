"""Notices when people wait for pages, because more requests are under way than a process answers at once."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from shared.queue.ring import Ring

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# One interpreter works on one of them; with so many others at once the next reader waits for milliseconds.
RUSH_FROM = 4
# A browser asks for all files of its first page at once, and keeps them.
_FILES = "/static/"


def install(app: Flask, ring: Ring) -> None:
    """Counts what is under way, below Flask."""
    app.wsgi_app = _counting(app.wsgi_app, ring)  # type: ignore[method-assign, assignment]


def _counting(app: "WSGIApplication", ring: Ring) -> "WSGIApplication":
    lock = threading.Lock()
    under_way = 0

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        nonlocal under_way
        if environ["PATH_INFO"].startswith(_FILES):
            return app(environ, start)
        with lock:
            under_way += 1
        if under_way >= RUSH_FROM:
            ring.tell_of_rush()
        try:
            return app(environ, start)
        finally:
            with lock:
                under_way -= 1

    return answer
