"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable

_LOOK_EVERY_S, _AT_MOST_S = 0.01, 0.15
# Of what was waited already: looking costs time on busy machines, and waits for seconds bear a little more.
_SHARE = 0.05


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns as soon as the condition holds; raises TimeoutError. The longer it lasts, the more seldom it looks."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited > seconds:
            raise TimeoutError(f"Waited {seconds:g} s for {what}.")
        time.sleep(min(_AT_MOST_S, max(_LOOK_EVERY_S, waited * _SHARE)))
