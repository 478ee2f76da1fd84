"""A mail server on this machine's loopback that takes everything and passes nothing on: where rehearsals send to.

It lives as long as its `with` block, on a port that the system chooses.
"""

import socketserver
import threading
from types import TracebackType
from typing import Self

_END = b".\r\n"
_LONGEST_COMMAND = 4_096


class _Talk(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """One connection, any number of messages."""
        assert isinstance(self.server, _Server)  # noqa: S101 - made below
        self._say("220 sink ESMTP")
        recipient = ""
        while line := self.rfile.readline(_LONGEST_COMMAND):
            verb = line[:4].upper()
            if verb == b"EHLO":
                self._say("250-sink", "250-PIPELINING", "250 8BITMIME")
            elif verb == b"DATA":
                self._say("354 go ahead")
                if (message := self._message()) is None:
                    return
                self.server.taken.append((recipient, message))
                self._say("250 2.0.0 taken")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                if verb == b"RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0].decode("ascii", "replace")
                self._say("250 ok")

    def _message(self) -> bytes | None:
        """Everything up to the dot; None when the connection ends before it."""
        lines = []
        while (line := self.rfile.readline()) != _END:
            if not line:
                return None
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode("ascii"))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.taken: list[tuple[str, bytes]] = []


class MailSink:
    """`take_all` gives what came since it was asked last: recipient and message with CRLF line ends."""

    def __enter__(self) -> Self:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, name="mail sink", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address for a session."""
        return f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def take_all(self) -> list[tuple[str, bytes]]:
        """Empties it."""
        taken, self._server.taken = self._server.taken, []
        return taken
