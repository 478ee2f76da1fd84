"""Offers a bounce to the mail servers of a domain as strangers' servers do, and never sends one."""

import contextlib
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence

from shared.domain.receipts import storable_line
from shared.domain.sender_domain.return_address import MailHost, Offered, Reaction
from shared.providers.short_replies import ShortFile

PORT = 25
_CONNECT_S = 3.0
_LEAST_S = 0.05
_MOST_REPLY = 500
_READY = 220
_SUCCESS = range(200, 300)
_REPLIES = range(200, 600)
_WANTS_TLS = re.compile(r"\b(?:start)?tls\b|\bencrypt", re.IGNORECASE)
# Which of several reactions counts when all leave it open. A refused connection shows that the port is not blocked.
_TELLING = (
    Reaction.RECIPIENT_REFUSED,
    Reaction.SENDER_REFUSED,
    Reaction.TURNED_AWAY,
    Reaction.CONNECTION_REFUSED,
    Reaction.NO_CONNECTION,
)


class BounceOffer:
    """One round: servers are asked one by one until one decides, within `seconds` in all.

    Some servers let a stranger wait for six seconds before they greet.
    """

    def __init__(self, helo_name: str, recipient: str, *, seconds: float) -> None:
        self._helo_name, self._recipient, self._seconds = helo_name, recipient, seconds

    def __call__(self, hosts: Sequence[MailHost]) -> Offered:
        """What the first server said that decided; never raises for the network."""
        ends = time.monotonic() + self._seconds
        seen: dict[Reaction, Offered] = {}
        for host in hosts:
            for address in host.addresses:
                reaction, reply = self._ask(address, ends)
                offered = Offered(reaction, host.name, self._recipient, reply)
                if offered.is_decided:
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
            smtp = smtplib.SMTP(local_hostname=self._helo_name)
            with _speaking(smtp, connection, ends):
                return self._converse(smtp)
        except (OSError, ValueError, smtplib.SMTPException):
            # A name that SMTP can't say is a ValueError.
            return Reaction.TURNED_AWAY, ""

    def _converse(self, smtp: smtplib.SMTP) -> tuple[Reaction, str]:
        code, said = smtp.getreply()
        if code == _READY:
            code, said = smtp.ehlo()
            if code not in _SUCCESS:
                code, said = smtp.helo()
        if code not in _SUCCESS:
            return Reaction.TURNED_AWAY, _one_line(code, said)
        reaction, code, said = self._offer(smtp)
        if reaction is not Reaction.ACCEPTED and _WANTS_TLS.search(said.decode("utf-8", "replace")):
            if not smtp.has_extn("starttls") or smtp.docmd("STARTTLS")[0] != _READY:
                return Reaction.TURNED_AWAY, _one_line(code, said)
            _encrypt(smtp)
            smtp.ehlo()
            reaction, code, said = self._offer(smtp)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.docmd("RSET")
            smtp.docmd("QUIT")
        return (Reaction.TURNED_AWAY if code not in _REPLIES else reaction), _one_line(code, said)

    def _offer(self, smtp: smtplib.SMTP) -> tuple[Reaction, int, bytes]:
        reaction = Reaction.SENDER_REFUSED
        code, said = smtp.docmd("MAIL FROM:<>")
        if code in _SUCCESS:
            code, said = smtp.docmd(f"RCPT TO:<{self._recipient}>")
            reaction = Reaction.ACCEPTED if code in _SUCCESS else Reaction.RECIPIENT_REFUSED
        return reaction, code, said


def _use(smtp: smtplib.SMTP, connection: socket.socket) -> None:
    if smtp.file is not None:
        smtp.file.close()
    smtp.sock, smtp.file = connection, ShortFile(connection.makefile("rb"))


def _encrypt(smtp: smtplib.SMTP) -> None:
    """TLS without a look at the certificate, as servers do it among each other: it is only a question."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("before TLS")
    connection = context.wrap_socket(smtp.sock, do_handshake_on_connect=False)
    _use(smtp, connection)
    connection.do_handshake()


@contextlib.contextmanager
def _speaking(smtp: smtplib.SMTP, connection: socket.socket, ends: float) -> Iterator[None]:
    """Ends the conversation at that time, even if the server sends a little again and again."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            if smtp.sock is not None:
                # An encrypted one too, without a farewell.
                socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)

    left = max(_LEAST_S, ends - time.monotonic())
    connection.settimeout(left)
    _use(smtp, connection)
    timer = threading.Timer(left, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        smtp.close()


def _one_line(code: int, said: bytes) -> str:
    """The reply, as it can be stored and shown; anything that is not a reply has no code."""
    words = said.decode("utf-8", "replace")
    return storable_line(f"{code} {words}" if code in _REPLIES else words)[:_MOST_REPLY]
