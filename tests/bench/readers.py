"""A crowd that only reads: 500 a second open the campaign page while letters go out. None may fail."""

import statistics
from collections.abc import Iterator

from tests.bench.browsers import Browsers
from tests.bench.figures import Figure, Goal
from tests.bench.load import ask_on_schedule
from tests.bench.servers import Servers
from tests.bench.stage import BACKGROUND, WORKER, stage

_RATE, _SECONDS = 500, 20
_SENDS = 4_000


def measure(servers: Servers) -> Iterator[Figure]:
    """Letters are accepted first, so that workers have enough to do for as long as people read."""
    with stage(servers, "readers") as here:
        browsers = Browsers(here)
        sends = [browsers.send(draft) for draft in browsers.drafts(_SENDS)]
        port, _ = here.start_web()
        ask_on_schedule(port, [(n / _RATE, request) for n, request in enumerate(sends)])
        here.start_worker(WORKER)
        here.start_worker(BACKGROUND)
        page = browsers.page()
        played = ask_on_schedule(port, [(n / _RATE, page) for n in range(_RATE * _SECONDS)])
        left = here.sink.taken().letters
    failed = played.statuses.total() - played.statuses[200]
    p99 = statistics.quantiles(played.latencies, n=100)[98] * 1_000
    note = f"{_RATE}/s for {_SECONDS} s while {left:,} letters left; p99 {p99:.0f} ms"
    yield Figure("readers_failed", failed, "readers", Goal(at_most=0), note)
