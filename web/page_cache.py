"""Keeps the bytes of pages that are the same for everybody for a moment, so that a crowd of readers costs little."""

import gzip
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from flask import Response, request
from markupsafe import Markup

_VARY = "Accept-Encoding, Accept-Language"
_TOO_OLD_S = 30.0


@dataclass(frozen=True)
class KeptPage:
    """A page's bytes, plain and compressed, and when they were made (monotonic seconds)."""

    body: bytes
    compressed: bytes
    made_at: float


class PageCache:
    """Pages by key, each at most `seconds` old; while one is made anew others get the old one."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._pages: dict[Hashable, KeptPage] = {}
        self._making: dict[Hashable, threading.Lock] = {}

    def answer(self, key: Hashable, make: Callable[[], str | None]) -> Response | None:
        """The page as a response, None when `make` gives none (which is then not kept)."""
        page = self._page(key, make)
        return None if page is None else _response(page)

    def part(self, key: Hashable, make: Callable[[], str]) -> Markup:
        """HTML that is a part of a page, or all that a page's own poll asks for."""
        page = self._page(key, make)
        return Markup(page.body.decode() if page else "")  # noqa: S704 - a template made it

    def _page(self, key: Hashable, make: Callable[[], str | None]) -> KeptPage | None:
        page = self._pages.get(key)
        age = time.monotonic() - page.made_at if page else 0.0
        if page is None or age > self.seconds:
            # Nobody is shown what was right long ago, only because somebody else is making it anew.
            page = self._renew(key, page if age < _TOO_OLD_S else None, make)
        return page

    def _renew(self, key: Hashable, old: KeptPage | None, make: Callable[[], str | None]) -> KeptPage | None:
        lock = self._making.setdefault(key, threading.Lock())
        if not lock.acquire(blocking=old is None):
            return old
        try:
            html = make()
            if html is None:
                self._pages.pop(key, None)
                return None
            body = html.encode()
            page = self._pages[key] = KeptPage(body, gzip.compress(body, 6), time.monotonic())
            return page
        finally:
            # A key that leads to no page leaves nothing behind.
            if key not in self._pages:
                self._making.pop(key, None)
            lock.release()


def _response(page: KeptPage) -> Response:
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return Response(page.body, content_type="text/html; charset=utf-8", headers={"Vary": _VARY})
    headers = {"Vary": _VARY, "Content-Encoding": "gzip"}
    return Response(page.compressed, content_type="text/html; charset=utf-8", headers=headers)
