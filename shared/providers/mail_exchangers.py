"""Offers a bounce to the mail servers of a domain as strangers' servers do, and never sends one."""

import contextlib
import smtplib
import socket
import threading
import time
from collections.abc import Iterator, Sequence

from shared.domain.sender_domain.return_address import MailHost, Offered, Reaction

PORT = 25
_CONNECT_S = 3.0
_LEAST_S = 0.05
_MOST_REPLY = 500
_READY = 220
_SUCCESS = range(200, 300)
_DECIDED = (Reaction.ACCEPTED, Reaction.RECIPIENT_REFUSED, Reaction.SENDER_REFUSED)
# What is told of several servers that all leave it open.
_TELLING = (Reaction.TURNED_AWAY, Reaction.NO_CONNECTION, Reaction.CONNECTION_REFUSED)


class BounceOffer:
    """One round: servers are asked one by one until one decides, within `seconds` in all.

    Some servers let a stranger wait for six seconds before they greet.
    """

    def __init__(self, helo_name: str, recipient: str, *, seconds: float) -> None:
        self._helo_name, self._recipient, self._seconds = helo_name, recipient, seconds

    def __call__(self, hosts: Sequence[MailHost]) -> Offered:
        """What the first server said that could be asked; never raises for the network."""
        ends = time.monotonic() + self._seconds
        seen: dict[Reaction, Offered] = {}
        for host in hosts:
            for address in host.addresses:
                reaction, reply = self._ask(address, ends)
                offered = Offered(reaction, host.name, self._recipient, reply)
                if reaction in _DECIDED:
                    return offered
                seen.setdefault(reaction, offered)
        return next(
            (seen[reaction] for reaction in _TELLING if reaction in seen),
            Offered(Reaction.NO_CONNECTION, hosts[0].name, self._recipient),
        )

    def _ask(self, address: str, ends: float) -> tuple[Reaction, str]:
        left = ends - time.monotonic()
        if left < _LEAST_S:
            return Reaction.NO_CONNECTION, ""
        try:
            connection = socket.create_connection((address, PORT), timeout=min(left, _CONNECT_S))
        except ConnectionRefusedError:
            return Reaction.CONNECTION_REFUSED, ""
        except OSError:
            return Reaction.NO_CONNECTION, ""
        try:
            with connection, _cut_off(connection, ends):
                return self._converse(connection)
        except (OSError, smtplib.SMTPException):
            return Reaction.TURNED_AWAY, ""

    def _converse(self, connection: socket.socket) -> tuple[Reaction, str]:
        smtp = smtplib.SMTP(local_hostname=self._helo_name)
        smtp.sock = connection
        code, said = smtp.getreply()
        if code == _READY:
            code, said = smtp.ehlo()
            if code not in _SUCCESS:
                code, said = smtp.helo()
        if code not in _SUCCESS:
            return Reaction.TURNED_AWAY, _one_line(code, said)
        reaction = Reaction.SENDER_REFUSED
        code, said = smtp.docmd("MAIL FROM:<>")
        if code in _SUCCESS:
            code, said = smtp.docmd(f"RCPT TO:<{self._recipient}>")
            reaction = Reaction.ACCEPTED if code in _SUCCESS else Reaction.RECIPIENT_REFUSED
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.docmd("RSET")
            smtp.docmd("QUIT")
        return reaction, _one_line(code, said)


@contextlib.contextmanager
def _cut_off(connection: socket.socket, ends: float) -> Iterator[None]:
    """Ends the connection at that time, even if the server sends a little again and again."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    left = max(_LEAST_S, ends - time.monotonic())
    connection.settimeout(left)
    timer = threading.Timer(left, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _one_line(code: int, said: bytes) -> str:
    return f"{code} {' '.join(said.decode('utf-8', 'replace').split())}"[:_MOST_REPLY]
