"""A mail server whose reply has no end costs a connection, and no memory."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from shared.domain.causes import Cause
from shared.providers.smtp import SmtpSession, Verdict
from shared.timing import USUAL
from tests.tcp_server import serving_tcp

GOES_ON = b"250-more\r\n" * 10_000
HELLO = [b"220 hello\r\n", b"250 mail.example\r\n"]


@contextlib.contextmanager
def serving(replies: list[bytes]) -> Iterator[int]:
    """Clients get these replies, and then one that does not end."""

    def talk(connection: socket.socket) -> None:
        for reply in replies:
            connection.sendall(reply)
            connection.recv(10_000)
        while True:
            connection.sendall(GOES_ON)

    with serving_tcp(talk) as port:
        yield port


@pytest.mark.parametrize(
    ("replies", "verdict"),
    [
        ([], Verdict.UNSENT),
        (HELLO[:1], Verdict.UNSENT),
        (HELLO, Verdict.DEFERRED),
        ([*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"], Verdict.UNCERTAIN),
    ],
)
def test_the_session_ends_and_says_how_far_it_came(replies: list[bytes], verdict: Verdict) -> None:
    with serving(replies) as port, SmtpSession(f"smtp://127.0.0.1:{port}", "letters.example", USUAL) as session:
        outcome = session.send("a@letters.example", "b@mail.example", b"x\r\n", may_send=lambda: True)
    assert outcome.verdict is verdict
    assert outcome.cause in (Cause.CONNECTION, Cause.LOST_AFTER_DOT)
