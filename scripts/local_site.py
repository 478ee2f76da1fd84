"""Dear Rep on an empty folder for as long as a script looks at it. Practice data only."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.paths import ROOT

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 120


@dataclass(frozen=True)
class LocalSite:
    """A running site: its campaign page, and how the organizer signs in."""

    page_url: str
    email: str
    password: str
    env: dict[str, str]

    def run(self, *words: str) -> None:
        """A command of `dearrep` on this site; whoever called says what came of it."""
        subprocess.run([sys.executable, "-m", "shared.cli.main", *words], cwd=ROOT, env=self.env, check=True)


@contextmanager
def local_site(port: int) -> Iterator[LocalSite]:
    """The site, from an empty folder to its end."""
    with tempfile.TemporaryDirectory(prefix="dr-") as var:
        env = os.environ | {"DEARREP_VAR": var, "DEARREP_DATA": var}
        command = [sys.executable, "-m", "shared.cli.main", "up", "--port", str(port)]
        stack = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        try:
            yield _read_site(stack, env)
        finally:
            stack.terminate()
            stack.wait(60)


def _read_site(stack: "subprocess.Popen[str]", env: dict[str, str]) -> LocalSite:
    """From what `dearrep up` prints."""
    printed, ends = "", time.monotonic() + _START_SECONDS
    while "Ctrl-C" not in printed and time.monotonic() < ends:
        line = stack.stdout.readline() if stack.stdout else ""
        if not line:
            break
        printed += line
    page = re.search(r"Campaign page\s+(\S+)", printed)
    organizer = re.search(r"(\S+@\S+)\s.*one-time password (\S+)", printed)
    if not page or not organizer:
        sys.exit(f"Dear Rep did not start:\n{printed}")
    return LocalSite(page[1], organizer[1], organizer[2], env)
