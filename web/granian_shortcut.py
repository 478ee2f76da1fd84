"""Lets requests that need no waiting skip Granian's event loop, which costs a tenth of a page's CPU time.

Granian offers no public way to skip it: it makes a task on the loop for every request. If its internals are not as
expected, requests take that usual way, as they do with --access-log; tests/web/test_rsgi.py then fails.
"""

from collections.abc import Callable
from inspect import getclosurevars
from typing import Any

from granian import _futures

_MAKES_SCHEDULES = "_cbsched_aioschedule"


def skip_the_loop(app: Callable[..., Any], may: Callable[[Any], bool], begin: Callable[[Any], None]) -> None:
    """From now on this process begins requests whose scope `may` skip the loop at once, instead of by calling `app`."""
    usual: Callable[[Any, Any, Any], Callable[[Any], None]] = getattr(_futures, _MAKES_SCHEDULES)

    def make_schedule(loop: Any, context: Any, callback: Any) -> Callable[[Any], None]:
        through_the_loop = usual(loop, context, callback)

        def schedule(watcher: Any) -> None:
            if may(watcher.scope):
                begin(watcher)
            else:
                through_the_loop(watcher)

        return schedule if getclosurevars(callback).nonlocals.get("inner") == app else through_the_loop

    setattr(_futures, _MAKES_SCHEDULES, make_schedule)
