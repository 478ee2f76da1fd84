"""Ports on loopback for the servers that tests write themselves."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class TcpServer:
    """Listens on `port`, or a free one; talks to each connection in a thread of its own.

    When `close` returns, the thread that accepts has ended. Otherwise the kernel may restart its call under the same
    number, which the server of a later test has by then.
    """

    def __init__(self, talk: Callable[[socket.socket], None], port: int = 0, backlog: int = 64) -> None:
        self._talk = talk
        self._socket = socket.create_server(("127.0.0.1", port), backlog=backlog)
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Frees the port. Connections go on."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded_talk, args=(connection,), daemon=True).start()

    def _guarded_talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._talk(connection)


@contextlib.contextmanager
def serving_tcp(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serves as long as the block runs; the port."""
    server = TcpServer(talk)
    try:
        yield server.port
    finally:
        server.close()
