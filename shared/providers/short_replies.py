"""SMTP replies with an end: smtplib keeps every line of a reply, and a server need not stop."""

import smtplib
from typing import BinaryIO

# More than any server has to say at once.
MOST_BYTES = 64 * 1024


class ShortFile:
    """What a server says, up to 64 kB."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, MOST_BYTES

    def begin(self) -> None:
        """Another reply: it may be as long again."""
        self._left = MOST_BYTES

    def readline(self, most: int) -> bytes:
        """A line, or what is left of the room; raises OSError when there is none."""
        if self._left <= 0:
            raise OSError("the server says too much")
        line = self._file.readline(min(most, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        """Closes the connection's file."""
        self._file.close()


class ShortReplies(smtplib.SMTP):
    """A connection on which each reply has an end."""

    def getreply(self) -> tuple[int, bytes]:
        """The reply; raises SMTPServerDisconnected when it is too long."""
        if self.file is None and self.sock is not None:
            self.file = ShortFile(self.sock.makefile("rb"))
        if isinstance(self.file, ShortFile):
            self.file.begin()
        return super().getreply()


class ShortRepliesOverTls(ShortReplies, smtplib.SMTP_SSL):
    """The same with TLS from the beginning."""
