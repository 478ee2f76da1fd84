"""Progress bars for commands. On a pipe they stay silent."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_STEPS = 1000


# Takes the share that is done, 0 to 1.
Shares = Callable[[float], None]


@contextmanager
def show_progress(label: str) -> Iterator[Shares]:
    """A bar on standard error that follows the shares it is given."""
    with click.progressbar(length=_STEPS, label=label, file=sys.stderr) as bar:
        done = 0

        def show(share: float) -> None:
            nonlocal done
            step = min(int(share * _STEPS), _STEPS) - done
            if step > 0:
                bar.update(step)
                done += step

        yield show
