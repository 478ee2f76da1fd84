"""A mail server that takes everything, in a process of its own and quick, so that it is never what is measured.

`python -m tests.bench.fast_sink [seconds each]` prints its port. NOOP answers how much it has taken, and when last.
"""

import asyncio
import sys
import time

_DOT = b"\r\n.\r\n"
# Supporters of the bench have addresses there; every other mail is a letter.
SUPPORTERS = b"@example.org>"


class _Ledger:
    """What all connections have taken."""

    letters = 0
    others = 0
    last_letter = 0.0


class _Talk(asyncio.Protocol):
    def __init__(self, ledger: _Ledger, seconds: float) -> None:
        self._ledger, self._seconds = ledger, seconds
        self._got = b""
        self._in_data = self._is_letter = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        while self._got and self._step():
            pass

    def _step(self) -> bool:
        """Takes one line, or one whole message; False when more of it has to come."""
        end, size = (self._got.find(_DOT), 5) if self._in_data else (self._got.find(b"\r\n"), 2)
        if end < 0:
            return False
        taken, self._got = self._got[:end], self._got[end + size :]
        if self._in_data:
            self._in_data = False
            if self._seconds:
                asyncio.get_running_loop().call_later(self._seconds, self._take)
            else:
                self._take()
        else:
            self._out.write(self._answer(taken))
        return True

    def _answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"DATA":
            self._in_data = True
            return b"354 go ahead\r\n"
        if verb == b"RCPT":
            self._is_letter = SUPPORTERS not in line
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if verb == b"NOOP":
            ledger = self._ledger
            return f"250 {ledger.letters} {ledger.others} {ledger.last_letter!r}\r\n".encode()
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"

    def _take(self) -> None:
        if self._is_letter:
            self._ledger.letters += 1
            self._ledger.last_letter = time.monotonic()
        else:
            self._ledger.others += 1
        if not self._out.is_closing():
            self._out.write(b"250 2.0.0 queued\r\n")


async def _serve(seconds: float) -> None:
    ledger = _Ledger()
    server = await asyncio.get_running_loop().create_server(lambda: _Talk(ledger, seconds), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
