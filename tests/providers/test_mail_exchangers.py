"""A bounce is offered to a domain's mail servers: real ones on loopback that take it, refuse, hang or are away."""

import socket
import time
from collections.abc import Iterator

import pytest

from shared.domain.sender_domain.return_address import MailHost, Offered, Reaction
from shared.local.broker import free_port
from shared.providers import mail_exchangers
from shared.providers.mail_exchangers import BounceOffer
from tests.smtp_server import ScriptedSmtpServer
from tests.tcp_server import serving_tcp

ADDRESS = "bounce+l12-aaaabbbbccccdddd@letters.coop-ma.org"
HOST = MailHost("mail.coop-ma.org", ("127.0.0.1",))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedSmtpServer]:
    with ScriptedSmtpServer() as running:
        monkeypatch.setattr(mail_exchangers, "PORT", running.port)
        yield running


def offer(*hosts: MailHost, seconds: float = 5.0) -> Offered:
    return BounceOffer("letters.coop-ma.org", ADDRESS, seconds=seconds)(hosts or (HOST,))


def test_it_asks_like_a_bounce_and_sends_nothing(server: ScriptedSmtpServer) -> None:
    assert offer() == Offered(Reaction.ACCEPTED, HOST.name, ADDRESS, "250 ok")
    assert server.lines == [
        "ehlo letters.coop-ma.org",
        "MAIL FROM:<>",
        f"RCPT TO:<{ADDRESS}>",
        "RSET",
        "QUIT",
    ]
    assert server.accepted == []


@pytest.mark.parametrize(
    ("phase", "reply", "reaction"),
    [
        ("RCPT", f"454 4.7.1 <{ADDRESS}>: Relay access denied", Reaction.RECIPIENT_REFUSED),
        ("RCPT", f"550-5.1.1 <{ADDRESS}>:\r\n550 5.1.1 User unknown", Reaction.RECIPIENT_REFUSED),
        ("MAIL", "550 5.7.1 No mail without a sender", Reaction.SENDER_REFUSED),
        ("greeting", "554 5.7.1 No SMTP service here", Reaction.TURNED_AWAY),
        ("greeting", "421 4.7.0 Too many connections", Reaction.TURNED_AWAY),
        ("RCPT", "251 2.1.5 User not local; will forward", Reaction.ACCEPTED),
    ],
)
def test_what_the_server_says(server: ScriptedSmtpServer, phase: str, reply: str, reaction: Reaction) -> None:
    server.replies[phase] = reply
    found = offer()
    assert found.reaction is reaction
    assert found.reply == " ".join(reply.replace("\r\n550 ", " ").replace("550-", "550 ").split())


@pytest.mark.parametrize("phase", ["greeting", "MAIL", "RCPT"])
def test_a_server_that_hangs_up_has_said_nothing(server: ScriptedSmtpServer, phase: str) -> None:
    server.drop = phase
    assert offer() == Offered(Reaction.TURNED_AWAY, HOST.name, ADDRESS)


def test_a_server_that_does_not_know_ehlo_is_asked_in_the_old_way(server: ScriptedSmtpServer) -> None:
    server.replies["EHLO"] = "500 what?"
    assert offer().reaction is Reaction.ACCEPTED
    assert "helo letters.coop-ma.org" in server.lines


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_exchangers, "PORT", free_port())
    assert offer() == Offered(Reaction.CONNECTION_REFUSED, HOST.name, ADDRESS)


def test_the_next_server_is_asked_when_one_is_away(server: ScriptedSmtpServer) -> None:
    away = MailHost("away.coop-ma.org", ("127.0.0.2",))
    assert offer(away, HOST).host == HOST.name
    assert offer(MailHost(HOST.name, ("127.0.0.2", "127.0.0.1"))).reaction is Reaction.ACCEPTED


def test_a_port_that_swallows_everything_takes_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a firewall that drops packets: the queue of this listener is full, so that nothing is answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        monkeypatch.setattr(mail_exchangers, "PORT", port)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)
        began = time.monotonic()
        found = offer(HOST, HOST, seconds=0.6)
        assert time.monotonic() - began < 2
        for filler in fillers:
            filler.close()
    assert found == Offered(Reaction.NO_CONNECTION, HOST.name, ADDRESS)


def test_a_server_that_says_a_little_again_and_again_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220-wait\r\n")
            time.sleep(0.05)

    with serving_tcp(drip) as port:
        monkeypatch.setattr(mail_exchangers, "PORT", port)
        began = time.monotonic()
        assert offer(seconds=0.5).reaction is Reaction.TURNED_AWAY
        assert time.monotonic() - began < 2
