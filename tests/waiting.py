"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.03


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns as soon as the condition holds; raises TimeoutError."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError(f"Waited {seconds:g} s for {what}.")
        time.sleep(_LOOK_EVERY_S)
