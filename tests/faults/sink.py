"""A mail server that misbehaves on order and keeps the only honest ledger: what it accepted, by Message-ID."""

import contextlib
import re
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Protocol, Self, cast

from tests.tcp_server import TcpServer

_MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE | re.IGNORECASE)
_RECIPIENT = re.compile(rb"^To: .*<([^>]+)>", re.MULTILINE | re.IGNORECASE)
# Each is obeyed by one transaction. After the colon: the verb, or the server's answer.
BEHAVIOURS = (
    "ok",
    "slow",
    "drop:greeting",
    "drop:MAIL",
    "drop:RCPT",
    "drop:DATA",
    "drop:body",
    "say:greeting:421 busy",
    "say:greeting:554 go away",
    "say:MAIL:451 4.3.0 later",
    "say:MAIL:530 5.7.0 no",
    "say:RCPT:450 4.2.1 greylisted",
    "say:RCPT:550 5.1.1 nobody",
    "say:RCPT:421 closing",
    "say:DATA:451 later",
    "say:DATA:554 no",
    "say:dot:451 4.3.0 later",
    "say:dot:552 5.2.2 full",
    "say:dot:552 5.3.4 too large",
    "say:dot:554 spam",
    "say:dot:gibberish",
    "lose:taken",
    "lose:refused",
    "late",
)

_SLOW_SECONDS = 0.3
_TARPIT_SECONDS = 0.8


@dataclass(frozen=True)
class Envelope:
    """Who a message is from and to, as the client said it."""

    sender: str = ""
    recipient: str = ""


class Receiver(Protocol):
    """The receiving server's own rules. Its methods are called one at a time."""

    def refuse(self, verb: str, envelope: Envelope, message: bytes) -> str:
        """The answer that refuses a message at RCPT or at the dot; empty when the talk goes on."""

    def refuse_later(self, envelope: Envelope, name: str, message: bytes) -> str:
        """The answer that refuses, behind this relay, a message that was taken here; empty when it arrives."""


@dataclass
class Sink:
    """`plan` holds the behaviours of the next transactions; without one it takes everything."""

    plan: deque[str] = field(default_factory=deque)
    accepted: Counter[str] = field(default_factory=Counter)
    recipients: dict[str, str] = field(default_factory=dict)
    # Envelope recipients with the moment (monotonic) that their mail was taken.
    taken: list[tuple[str, float]] = field(default_factory=list)
    seconds_each: float = 0.0
    # A recipient's domain whose every verb takes its time.
    tarpit: str = ""
    late_seconds: float = 4.0
    # More connections than this at a time are told so; 0: as many as come.
    max_connections: int = 0
    too_many: int = 0
    # Emails to the domain (to all, when it is empty) that are still taken before each one gets this answer; None: all.
    takes: int | None = None
    filtered: str = ""
    filtered_domain: str = ""
    refused: int = 0
    # Says which messages are refused whatever is still taken.
    is_unwanted: Callable[[str, bytes], bool] = lambda _recipient, _message: False
    receiver: Receiver | None = None
    # The last 5xx answer to an email, at once and behind the relay, by its envelope sender.
    refusals: dict[str, str] = field(default_factory=dict)
    returned: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def start(self) -> None:
        """Listens, at the same port as before."""
        self._server = TcpServer(self._serve, self.port, backlog=256)
        self.port = self._server.port

    def stop(self) -> None:
        """Ends as a killed server does: nobody listens, and all connections are cut."""
        self._server.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @property
    def open_now(self) -> int:
        """Connections that are served."""
        with self._lock:
            return len(self._open)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _next(self) -> str:
        with self._lock:
            return self.plan.popleft() if self.plan and "greeting" not in self.plan[0] else "ok"

    def _next_greeting(self) -> str:
        with self._lock:
            return self.plan.popleft() if self.plan and "greeting" in self.plan[0] else ""

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rwb") as file:
                stream = cast("BinaryIO", file)
                if self._admits(connection):
                    self._talk(stream)
                else:
                    _answer(stream, "421 4.7.0 sink Error: too many connections from 127.0.0.1")
        finally:
            with self._lock:
                self._open.discard(connection)

    def _admits(self, connection: socket.socket) -> bool:
        with self._lock:
            if 0 < self.max_connections <= len(self._open):
                self.too_many += 1
                return False
            self._open.add(connection)
            return True

    def _talk(self, stream: BinaryIO) -> None:
        """One connection: the behaviour for a transaction is drawn when it begins."""
        behaviour = self._next_greeting()
        if behaviour == "drop:greeting" or not self._say(stream, behaviour, "greeting", "220 sink ESMTP"):
            return
        envelope = Envelope()
        while line := stream.readline():
            verb = (line.split() or [b""])[0].upper().decode("ascii", "replace")
            address = line.partition(b"<")[2].partition(b">")[0].decode("ascii", "replace")
            if verb == "RCPT":
                envelope = replace(envelope, recipient=address)
            if verb == "MAIL":
                behaviour, envelope = self._next(), Envelope(sender=address)
            if behaviour == f"drop:{verb}":
                return
            if verb == "RCPT" and self.tarpit and f"@{self.tarpit}>".encode() in line:
                time.sleep(_TARPIT_SECONDS)
            if verb == "DATA":
                goes_on = self._data(stream, behaviour, envelope)
            else:
                usual = "221 bye" if verb == "QUIT" else "250 ok"
                refusal = self._refusal(verb, envelope) if verb == "RCPT" else ""
                goes_on = self._say(stream, behaviour, verb, refusal or usual, envelope)
            if not goes_on or verb == "QUIT":
                return

    def _say(self, stream: BinaryIO, behaviour: str, place: str, usual: str, envelope: Envelope = Envelope()) -> bool:
        """Answers; False when the connection ends with it."""
        answer = behaviour.removeprefix(f"say:{place}:") if behaviour.startswith(f"say:{place}:") else usual
        if answer.startswith("5") and envelope.sender:
            with self._lock:
                self.refusals[envelope.sender] = answer
        return _answer(stream, answer)

    def _data(self, stream: BinaryIO, behaviour: str, envelope: Envelope) -> bool:
        begins = self._say(stream, behaviour, "DATA", "354 go ahead", envelope)
        if not begins or behaviour.startswith("say:DATA"):
            return begins
        message = self._read_message(stream, behaviour)
        if message is None or behaviour == "lose:refused":
            return False
        if refusal := self._refusal("dot", envelope, message):
            return self._say(stream, "", "dot", refusal, envelope)
        time.sleep(_SLOW_SECONDS if behaviour == "slow" else self.seconds_each)
        if not behaviour.startswith("say:dot") or behaviour == "say:dot:gibberish":
            self._take(message, envelope)
        if behaviour == "late":
            time.sleep(self.late_seconds)
        return behaviour != "lose:taken" and self._say(stream, behaviour, "dot", "250 2.0.0 queued", envelope)

    def _refusal(self, verb: str, envelope: Envelope, message: bytes = b"") -> str:
        with self._lock:
            if self.receiver is not None:
                return self.receiver.refuse(verb, envelope, message)
            if verb != "dot":
                return ""
            is_limited = self.takes is not None and envelope.recipient.endswith(self.filtered_domain)
            if (is_limited and self.takes == 0) or self.is_unwanted(envelope.recipient, message):
                self.refused += 1
                return self.filtered
            if is_limited and self.takes is not None:
                self.takes -= 1
            return ""

    @staticmethod
    def _read_message(stream: BinaryIO, behaviour: str) -> bytes | None:
        """Everything up to the dot; None when the connection ends before it."""
        lines = []
        while (line := stream.readline()) not in (b".\r\n", b""):
            lines.append(line)
            if behaviour == "drop:body":
                return None
        return b"".join(lines) if line else None

    def _take(self, message: bytes, envelope: Envelope) -> None:
        found, to = _MESSAGE_ID.search(message), _RECIPIENT.search(message)
        with self._lock:
            name = found[1].decode() if found else "none"
            if self.receiver is not None and (refusal := self.receiver.refuse_later(envelope, name, message)):
                self.returned[envelope.sender] = refusal
                return
            self.accepted[name] += 1
            self.recipients[name] = to[1].decode() if to else ""
            self.taken.append((envelope.recipient, time.monotonic()))


def _answer(stream: BinaryIO, answer: str) -> bool:
    """Says it; False when the connection ends with it."""
    stream.write(f"{answer}\r\n".encode())
    stream.flush()
    return not answer.startswith("421")
