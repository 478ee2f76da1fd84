"""A mail server that misbehaves on order and keeps the only honest ledger: what it accepted, by Message-ID."""

import contextlib
import re
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Self, cast

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
    # Letters that are still taken before each one gets this answer; None: all are taken.
    takes: int | None = None
    filtered: str = ""
    refused: int = 0
    # Says which messages are refused whatever is still taken.
    is_unwanted: Callable[[str, bytes], bool] = lambda _recipient, _message: False
    port: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def start(self) -> None:
        """Listens, at the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Ends as a killed server does: nobody listens, and all connections are cut."""
        # The thread that accepts would keep a closed listener's port.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
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

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded_talk, args=(connection,), daemon=True).start()

    def _next(self) -> str:
        with self._lock:
            return self.plan.popleft() if self.plan and "greeting" not in self.plan[0] else "ok"

    def _next_greeting(self) -> str:
        with self._lock:
            return self.plan.popleft() if self.plan and "greeting" in self.plan[0] else ""

    def _guarded_talk(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rwb") as file:
                stream = cast("BinaryIO", file)
                if self._admits(connection):
                    self._talk(stream)
                else:
                    self._say(stream, "", "greeting", "421 4.7.0 sink Error: too many connections from 127.0.0.1")
        except OSError:
            return
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
        recipient = ""
        while line := stream.readline():
            verb = (line.split() or [b""])[0].upper().decode("ascii", "replace")
            if verb == "RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0].decode("ascii", "replace")
            if verb == "MAIL":
                behaviour = self._next()
            if behaviour == f"drop:{verb}":
                return
            if verb == "RCPT" and self.tarpit and f"@{self.tarpit}>".encode() in line:
                time.sleep(_TARPIT_SECONDS)
            if verb == "DATA":
                goes_on = self._data(stream, behaviour, recipient)
            else:
                goes_on = self._say(stream, behaviour, verb, "221 bye" if verb == "QUIT" else "250 ok")
            if not goes_on or verb == "QUIT":
                return

    def _say(self, stream: BinaryIO, behaviour: str, place: str, usual: str) -> bool:
        """Answers; False when the connection ends with it."""
        answer = behaviour.removeprefix(f"say:{place}:") if behaviour.startswith(f"say:{place}:") else usual
        stream.write(f"{answer}\r\n".encode())
        stream.flush()
        return not answer.startswith("421")

    def _data(self, stream: BinaryIO, behaviour: str, recipient: str) -> bool:
        if not self._say(stream, behaviour, "DATA", "354 go ahead") or behaviour.startswith("say:DATA"):
            return behaviour.startswith("say:DATA")
        message = self._read_message(stream, behaviour)
        if message is None or behaviour == "lose:refused":
            return False
        if self._filters(recipient, message):
            stream.write(f"{self.filtered}\r\n".encode())
            stream.flush()
            return True
        time.sleep(_SLOW_SECONDS if behaviour == "slow" else self.seconds_each)
        if not behaviour.startswith("say:dot") or behaviour == "say:dot:gibberish":
            self._take(message, recipient)
        if behaviour == "late":
            time.sleep(self.late_seconds)
        return behaviour != "lose:taken" and self._say(stream, behaviour, "dot", "250 2.0.0 queued")

    def _filters(self, recipient: str, message: bytes) -> bool:
        with self._lock:
            is_full = self.takes == 0
            if is_full or self.is_unwanted(recipient, message):
                self.refused += 1
                return True
            if self.takes is not None:
                self.takes -= 1
            return False

    @staticmethod
    def _read_message(stream: BinaryIO, behaviour: str) -> bytes | None:
        """Everything up to the dot; None when the connection ends before it."""
        lines = []
        while (line := stream.readline()) not in (b".\r\n", b""):
            lines.append(line)
            if behaviour == "drop:body":
                return None
        return b"".join(lines) if line else None

    def _take(self, message: bytes, recipient: str) -> None:
        found, to = _MESSAGE_ID.search(message), _RECIPIENT.search(message)
        with self._lock:
            name = found[1].decode() if found else "none"
            self.accepted[name] += 1
            self.recipients[name] = to[1].decode() if to else ""
            self.taken.append((recipient, time.monotonic()))
