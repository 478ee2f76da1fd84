"""How a process that can't start says so: with the one line of a known error, not a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import DearRepError


@contextmanager
def plain_exit() -> Iterator[None]:
    """Composition roots only: a known error ends the process with its text and status 1."""
    try:
        yield
    except DearRepError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
