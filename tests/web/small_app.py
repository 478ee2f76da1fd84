"""A small WSGI app for `test_rsgi.py`: behind `web.rsgi` with tight limits, and for Granian's own WSGI server."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from web.request_bodies import BodyLimits
from web.rsgi import RsgiApp

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

LONG = 64 * 1024 * 1024
LIMITS = BodyLimits(seconds=1.0, bytes_a_second=100, one=1_000, together=2_000)
_CGI = {"REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME"}
_CGI |= {"SERVER_PROTOCOL", "REMOTE_ADDR"}
_asked: list[str] = []


def bare(environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes] | Iterator[bytes]:
    path, body = environ["PATH_INFO"], environ["wsgi.input"].read()
    _asked.append(path)
    if path == "/crash":
        raise RuntimeError("on purpose")
    if path == "/wait":
        time.sleep(1.0)
    if path == "/tasks":
        start("200 OK", [("Content-Length", "1")])
        return [str(len(asyncio.all_tasks(app.loop))).encode()]
    if path == "/long":
        start("200 OK", [("Content-Length", str(LONG))])
        return (bytes(65_536) for _ in range(LONG // 65_536))
    if path == "/pieces":
        start("200 OK", [("Content-Type", "text/plain")])
        return (piece for piece in (b"one ", b"", b"two ", b"three"))
    seen = {name: value for name, value in environ.items() if name in _CGI or name.startswith("HTTP_")}
    seen |= {"scheme": environ["wsgi.url_scheme"], "body": body.decode("latin-1"), "asked": str(_asked)}
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]


app = RsgiApp(bare, threads=2, limits=LIMITS)
