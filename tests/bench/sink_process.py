"""Starts `fast_sink` and asks it what it has taken."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from shared.paths import ROOT


class Taken(NamedTuple):
    """Letters, emails to supporters, and when (`time.monotonic`) the last letter came."""

    letters: int
    others: int
    last_letter: float


@dataclass(frozen=True)
class SinkProcess:
    """A running sink."""

    port: int
    talk: smtplib.SMTP

    @property
    def url(self) -> str:
        """For `DEARREP_MAIL_RELAY_URL`."""
        return f"smtp://127.0.0.1:{self.port}"

    def taken(self) -> Taken:
        """Everything since its start."""
        letters, others, last = self.talk.noop()[1].split()
        return Taken(int(letters), int(others), float(last))

    def wait_for_letters(self, number: int, seconds: float) -> Taken:
        """Returns when it has taken so many; raises TimeoutError."""
        ends = time.monotonic() + seconds
        while (taken := self.taken()).letters < number:
            if time.monotonic() > ends:
                raise TimeoutError(f"The sink has {taken.letters:,} of {number:,} letters after {seconds:g} s.")
            time.sleep(0.05)
        return taken


@contextmanager
def sink_process(seconds_each: float = 0.0) -> Iterator[SinkProcess]:
    """A sink for as long as the block runs; each mail takes it so long."""
    command = [sys.executable, "-m", "tests.bench.fast_sink", str(seconds_each)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with smtplib.SMTP("127.0.0.1", port) as talk:
                yield SinkProcess(port, talk)
        finally:
            process.terminate()
