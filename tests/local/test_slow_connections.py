"""Slow and idle connections to the web server as `make run` starts it: the pages answer within a second meanwhile."""

import http.client
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.local import children
from shared.local.broker import free_port
from shared.paths import ROOT
from shared.settings import Settings
from tests.factories import make_campaign
from tests.processes import environment, stop
from tests.waiting import wait_until

PAGES = ("/health/live", "/c/co-ops")
POST = "POST /c/co-ops HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
# As many systems begin a shell; the server raises it.
_FEW_FILES = 'ulimit -S -n 256 && exec "$@"'
# What a connection sends at first, and then again and again.
KINDS = {
    "says nothing": ("", ""),
    "never ends its headers": ("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "x"),
    "sends its form slowly": (f"{POST}Content-Length: 5000\r\n\r\n", "x"),
    "sends its form slowly in chunks": (f"{POST}Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
    "sends a body with a page's request": (
        "GET /c/co-ops HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n",
        "x",
    ),
    "stays open after an answer": ("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", ""),
    "reads no answers": ("GET /static/supporter.css HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5, ""),
}


@pytest.fixture
def port(engine: Engine, settings: Settings, tmp_path: Path) -> Iterator[int]:
    make_campaign(engine)
    port = free_port()
    with (tmp_path / "web.log").open("wb") as log:
        web = subprocess.Popen(
            ["sh", "-c", _FEW_FILES, "web", *children.web(port).command],
            cwd=ROOT,
            env=environment(settings),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    wait_until(lambda: answers(port, "/health/live"), 30, "the web server")
    yield port
    stop(web)


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def slowest_page(port: int, drip: Callable[[], None]) -> float:
    """The longest that a page takes in the best of three rounds, while the slow connections go on.

    A page that waits for slow connections is late in every round; one round may be late because of other tests.
    """
    rounds = []
    for _ in range(3):
        drip()
        slowest = 0.0
        for page in PAGES:
            began = time.monotonic()
            assert answers(port, page), page
            slowest = max(slowest, time.monotonic() - began)
        rounds.append(slowest)
    return min(rounds)


def hold(port: int, kinds: list[str], stack: ExitStack) -> Callable[[], None]:
    """Opens a connection for each; the function that is returned sends the next byte on each."""
    held = []
    for kind in kinds:
        first, more = (text.encode() for text in KINDS[kind])
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        one.sendall(first)
        held.append((one, more))

    def drip() -> None:
        for one, more in held:
            one.send(more)

    return drip


def test_the_pages_answer_while_sixteen_connections_are_slow(port: int) -> None:
    for kind in KINDS:
        with ExitStack() as stack:
            drip = hold(port, [kind] * 16, stack)
            assert slowest_page(port, drip) < 1.0, kind


def test_the_pages_answer_while_five_hundred_connections_are_slow(port: int) -> None:
    with ExitStack() as stack:
        drip = hold(port, (list(KINDS) * 500)[:500], stack)
        assert slowest_page(port, drip) < 1.0
