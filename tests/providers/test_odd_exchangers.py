"""A bounce is offered to mail servers that want TLS, say too much, say what can't be stored, or leave it open."""

import contextlib
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.domain.sender_domain.return_address import MailHost, Offered, Reaction
from shared.local.broker import free_port
from shared.providers import mail_exchangers
from shared.providers.mail_exchangers import BounceOffer
from tests.smtp_server import ScriptedSmtpServer
from tests.tcp_server import serving_tcp
from tests.tls import self_signed

ADDRESS = "bounce+l12-aaaabbbbccccdddd@letters.coop-ma.org"
HOST = MailHost("mail.coop-ma.org", ("127.0.0.1",))
WANTS_TLS = "530 5.7.0 Must issue a STARTTLS command first"
Talk = Callable[[socket.socket], None]


def offer(*hosts: MailHost, helo: str = "letters.coop-ma.org", recipient: str = ADDRESS) -> Offered:
    return BounceOffer(helo, recipient, seconds=2.0)(hosts or (HOST,))


@contextlib.contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, talk: Talk) -> Iterator[None]:
    """A server on loopback that talks so with one client."""
    with serving_tcp(talk) as port:
        monkeypatch.setattr(mail_exchangers, "PORT", port)
        yield


def reads_and_says(connection: socket.socket, *replies: str) -> None:
    for reply in replies:
        connection.sendall(f"{reply}\r\n".encode())
        connection.recv(1000)


def asks_for_tls(connection: socket.socket) -> None:
    reads_and_says(connection, "220 hello", "250-hello\r\n250 STARTTLS", WANTS_TLS)


def test_a_server_that_wants_tls_gets_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    context = self_signed(tmp_path)

    def talk(connection: socket.socket) -> None:
        asks_for_tls(connection)
        connection.sendall(b"220 go ahead\r\n")
        with context.wrap_socket(connection, server_side=True) as encrypted:
            encrypted.recv(1000)
            reads_and_says(
                encrypted, "250 hello", "250 ok", f"550 5.1.1 <{ADDRESS}>: User unknown", "250 ok", "221 bye"
            )

    with serving(monkeypatch, talk):
        found = offer()
    assert (found.reaction, found.reply) == (Reaction.RECIPIENT_REFUSED, f"550 5.1.1 <{ADDRESS}>: User unknown")


def test_a_server_that_wants_tls_and_has_none_turned_us_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedSmtpServer(replies={"MAIL": WANTS_TLS}) as server:
        monkeypatch.setattr(mail_exchangers, "PORT", server.port)
        assert offer() == Offered(Reaction.TURNED_AWAY, HOST.name, ADDRESS, WANTS_TLS)


@pytest.mark.parametrize("says", [b"", b"this is no TLS\r\n"])
def test_a_handshake_that_fails_or_does_not_end_is_bounded(monkeypatch: pytest.MonkeyPatch, says: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        asks_for_tls(connection)
        connection.sendall(b"220 go ahead\r\n" + says)
        while connection.recv(1000):
            pass

    began = time.monotonic()
    with serving(monkeypatch, talk):
        assert offer() == Offered(Reaction.TURNED_AWAY, HOST.name, ADDRESS)
    assert time.monotonic() - began < 4


def test_an_encrypted_server_that_says_a_little_again_and_again_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = self_signed(tmp_path)

    def talk(connection: socket.socket) -> None:
        asks_for_tls(connection)
        connection.sendall(b"220 go ahead\r\n")
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as encrypted:
            while True:
                encrypted.sendall(b"250-wait\r\n")
                time.sleep(0.05)

    began = time.monotonic()
    with serving(monkeypatch, talk):
        assert offer().reaction is Reaction.TURNED_AWAY
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("block", [b"220-" + b"x" * 1000 + b"\r\n", b"220-\r\n"])
def test_a_reply_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch, block: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        while True:
            connection.sendall(block * 100)

    tracemalloc.start()
    with serving(monkeypatch, talk):
        assert offer() == Offered(Reaction.TURNED_AWAY, HOST.name, ADDRESS)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000


def test_what_can_not_be_stored_or_would_change_a_terminal_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedSmtpServer(replies={"RCPT": "550 5.1.1 no\x00 such\x1b[31m \u202euser"}) as server:
        monkeypatch.setattr(mail_exchangers, "PORT", server.port)
        assert offer().reply == "550 5.1.1 no such[31m user"


@pytest.mark.parametrize("greeting", ["SSH-2.0-OpenSSH", "220 hello\r\n250 hello\r\nno reply"])
def test_what_is_no_reply_is_no_answer(monkeypatch: pytest.MonkeyPatch, greeting: str) -> None:
    with serving(monkeypatch, lambda connection: reads_and_says(connection, greeting, "", "")):
        found = offer()
    assert found.reaction is Reaction.TURNED_AWAY
    assert "-1" not in found.reply


def test_names_that_smtp_can_not_say_do_not_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedSmtpServer() as server:
        monkeypatch.setattr(mail_exchangers, "PORT", server.port)
        assert offer(helo="bücher.org").reaction is Reaction.TURNED_AWAY
        assert offer(recipient="bounce@bücher.org").reaction is Reaction.TURNED_AWAY


Script = dict[str, tuple[Reaction, str]]


def asked_in_order(monkeypatch: pytest.MonkeyPatch, script: Script) -> Offered:
    monkeypatch.setattr(BounceOffer, "_ask", lambda _self, address, _ends: script[address])
    return offer(*(MailHost(f"mail{at}.coop-ma.org", (address,)) for at, address in enumerate(script)))


GREYLISTED = (Reaction.RECIPIENT_REFUSED, "450 4.2.0 Greylisted")
REFUSED, BLOCKED = (Reaction.CONNECTION_REFUSED, ""), (Reaction.NO_CONNECTION, "")
UNKNOWN = (Reaction.RECIPIENT_REFUSED, "550 5.1.1 User unknown")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({"a": GREYLISTED, "b": (Reaction.ACCEPTED, "250 ok")}, (Reaction.ACCEPTED, "250 ok")),
        ({"a": GREYLISTED, "b": UNKNOWN}, UNKNOWN),
        ({"a": BLOCKED, "b": GREYLISTED}, GREYLISTED),
        ({"a": BLOCKED, "b": REFUSED}, REFUSED),
        ({"a": REFUSED, "b": BLOCKED}, REFUSED),
    ],
)
def test_who_decides(monkeypatch: pytest.MonkeyPatch, script: Script, told: tuple[Reaction, str]) -> None:
    found = asked_in_order(monkeypatch, script)
    assert (found.reaction, found.reply) == told


def test_a_port_that_refuses_is_not_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_exchangers, "PORT", free_port())
    assert offer(MailHost(HOST.name, ("127.0.0.1", "127.0.0.2"))).reaction is Reaction.CONNECTION_REFUSED
