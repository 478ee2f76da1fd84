"""Dear Rep on an empty folder for as long as a script looks at it. Practice data only."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def local_site(port: int) -> Iterator[tuple[str, str]]:
    """The address of the campaign page and the organizer's one-time password."""
    with tempfile.TemporaryDirectory(prefix="dr-") as var:
        env = os.environ | {"DEARREP_VAR": var, "DEARREP_DATA": var}
        command = [sys.executable, "-m", "shared.cli.main", "up", "--port", str(port)]
        stack = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        try:
            yield _read_addresses(stack)
        finally:
            stack.terminate()
            stack.wait(60)


def _read_addresses(stack: "subprocess.Popen[str]") -> tuple[str, str]:
    """From what `dearrep up` prints."""
    printed, ends = "", time.monotonic() + _START_SECONDS
    while "Ctrl-C" not in printed and time.monotonic() < ends:
        line = stack.stdout.readline() if stack.stdout else ""
        if not line:
            break
        printed += line
    page = re.search(r"Campaign page\s+(\S+)", printed)
    password = re.search(r"one-time password (\S+)", printed)
    if not page or not password:
        sys.exit(f"Dear Rep did not start:\n{printed}")
    return page[1], password[1]
