"""A scripted mail server on loopback: keeps its own ledger and misbehaves on request."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Self, cast

from tests.tcp_server import TcpServer


@dataclass
class ScriptedSmtpServer:
    """Answers each verb with 250 unless `replies` says otherwise; `drop` closes the connection at a phase.

    Phases: "greeting", "MAIL", "RCPT", "DATA", "dot" (message read, no answer), "accepted" (answered, then closed).
    """

    replies: dict[str, str] = field(default_factory=dict)
    drop: str = ""
    pipelining: bool = False
    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    connections: int = 0
    # More connections than this at a time are told so; 0: as many as come.
    max_connections: int = 0
    open_now: int = 0
    most_open: int = 0
    too_many: int = 0
    # Told of each verb before it is answered, of "" before a connection is refused.
    on_verb: Callable[[str], None] = lambda _verb: None

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._server = TcpServer(self._talk)
        self.port = self._server.port
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rwb") as file:
            stream = cast("BinaryIO", file)
            with self._lock:
                self.connections += 1
                is_refused = 0 < self.max_connections <= self.open_now
                self.too_many += is_refused
                self.open_now += not is_refused
                self.most_open = max(self.most_open, self.open_now)
            if is_refused:
                self.on_verb("")
                self._say(stream, "", "421 4.7.0 scripted.example Error: too many connections from 127.0.0.1")
                return
            try:
                self._converse(stream)
            finally:
                with self._lock:
                    self.open_now -= 1

    def _converse(self, stream: BinaryIO) -> None:
        if self.drop == "greeting":
            return
        self._say(stream, "greeting", "220 scripted.example ESMTP")
        envelope = {"MAIL": "", "RCPT": ""}
        while line := stream.readline():
            verb = (line.split() or [b""])[0].upper().decode()
            self.lines.append(line.decode().strip())
            self.on_verb(verb)
            if verb == self.drop:
                return
            if verb in envelope:
                envelope[verb] = line.decode().split("<")[1].split(">")[0]
            if verb == "DATA" and "DATA" not in self.replies:
                if not self._take_message(stream, envelope["MAIL"], envelope["RCPT"]):
                    return
                continue
            greeted = verb == "EHLO" and self.pipelining
            self._say(
                stream, verb, "221 bye" if verb == "QUIT" else "250-ok\r\n250 PIPELINING" if greeted else "250 ok"
            )
            if verb == "QUIT":
                return

    def _say(self, stream: BinaryIO, phase: str, default: str) -> None:
        stream.write(f"{self.replies.get(phase, default)}\r\n".encode())
        stream.flush()

    def _take_message(self, stream: BinaryIO, sender: str, recipient: str) -> bool:
        """Reads up to the dot and answers; False when the script says to hang up."""
        self._say(stream, "DATA", "354 go ahead")
        lines = []
        while (line := stream.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.drop == "dot" or not line:
            return False
        if self.replies.get("dot", "250").startswith("250"):
            self.accepted.append((sender, recipient, b"".join(lines)))
        self._say(stream, "dot", "250 2.0.0 queued as 7")
        return self.drop != "accepted"
