"""Calls the WSGI app for a request that RSGI brought: its environ, and its answer whole or in pieces."""

import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from granian.rsgi import Scope

from web.request_bodies import Body

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

# Longer answers go out in pieces, as fast as their readers take them.
LONGEST_WHOLE_ANSWER = 1024 * 1024
_OWN_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_SAME_FOR_ALL: "WSGIEnvironment" = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    # Werkzeug's: the input ends where the body does.
    "wsgi.input_terminated": True,
}


class Pieces(NamedTuple):
    """An answer that is too long to be held in memory, or of unknown length."""

    status: int
    headers: list[tuple[str, str]]
    body: Iterator[bytes]
    close: Callable[[], None]


class Whole(NamedTuple):
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def call(app: "WSGIApplication", environ: "WSGIEnvironment") -> Whole | Pieces:
    """What the app answers."""
    status, headers = "", []

    def start_response(given_status: str, given_headers: list[tuple[str, str]], _error: Any = None) -> Any:
        nonlocal status, headers
        status, headers = given_status, given_headers

    body = app(environ, start_response)
    close = getattr(body, "close", _nothing)
    if _is_short(headers):
        try:
            return Whole(int(status[:3]), headers, b"".join(body))
        finally:
            close()
    return Pieces(int(status[:3]), headers, iter(body), close)


def make_environ(scope: Scope, body: Body) -> "WSGIEnvironment":
    """As Granian's own WSGI server makes it, without headers that have an underscore in their names.

    Flask would take those for others: X_Forwarded_For for X-Forwarded-For.
    """
    environ = _SAME_FOR_ALL.copy()
    environ["SERVER_PROTOCOL"] = f"HTTP/{scope.http_version}"
    environ["SERVER_NAME"], environ["SERVER_PORT"] = _host_and_port(scope.server)
    environ["REMOTE_ADDR"], _ = _host_and_port(scope.client)
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = scope.path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["wsgi.url_scheme"] = scope.scheme
    environ["wsgi.input"] = BytesIO(body.content)
    for name, value in scope.headers.items():
        if "_" not in name:
            key = _OWN_NAMES.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    if body.length:
        environ["CONTENT_LENGTH"] = str(body.length)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


def _host_and_port(address: str) -> tuple[str, str]:
    """An IPv6 address has brackets around it."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port


def _is_short(headers: list[tuple[str, str]]) -> bool:
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    return bool(lengths) and int(lengths[0]) <= LONGEST_WHOLE_ANSWER


def _nothing() -> None:
    """For answers that need no closing."""
