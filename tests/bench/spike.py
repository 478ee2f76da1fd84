"""Ten times the usual crowd at once: how long Send takes then, measured from the moment that it was due."""

import statistics
from collections.abc import Iterator

from tests.bench.browsers import Browsers
from tests.bench.figures import Figure, Goal
from tests.bench.load import ask_on_schedule
from tests.bench.servers import Servers
from tests.bench.stage import BACKGROUND, WORKER, Stage, stage

_STEADY, _STEADY_S = 60, 10
_SPIKE, _SPIKE_S = 600, 30
_DRAIN_S = 120.0


def measure(servers: Servers) -> Iterator[Figure]:
    """An open loop, while the letters go out."""
    with stage(servers, "spike") as here:
        browsers = Browsers(here)
        made = [browsers.send(draft) for draft in browsers.drafts(_STEADY * _STEADY_S + _SPIKE * _SPIKE_S)]
        steady, spike = made[: _STEADY * _STEADY_S], made[_STEADY * _STEADY_S :]
        port, _ = here.start_web()
        here.start_worker(WORKER)
        here.start_worker(BACKGROUND)
        ask_on_schedule(port, [(n / _STEADY, request) for n, request in enumerate(steady)])
        played = ask_on_schedule(port, [(n / _SPIKE, request) for n, request in enumerate(spike)])
        left = here.sink.taken().letters
        drained = _drain(here)
    p99 = statistics.quantiles(played.latencies, n=100)[98] * 1_000
    errors = played.statuses.total() - played.statuses[303]
    words = "no errors" if not errors else f"{errors:,} of {played.statuses.total():,} without success"
    note = f"{_SPIKE}/s for {_SPIKE_S} s after {_STEADY}/s; {words}; {left:,} letters had left by its end, {drained}"
    yield Figure("spike_p99_ms", p99, "ms", Goal(at_most=250), note)


def _drain(here: Stage) -> str:
    try:
        return f"all others {here.settle(_DRAIN_S):.0f} s later"
    except TimeoutError:
        return f"NOT drained {_DRAIN_S:g} s later"
