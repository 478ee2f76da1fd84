"""How much one worker process hands to a mail server that takes its time over each mail."""

import time
from collections.abc import Iterator

from shared.queue.names import TaskName
from tests.bench.figures import Figure, Goal
from tests.bench.letters import queue_letters
from tests.bench.servers import Servers
from tests.bench.stage import stage

_SECONDS_EACH = 1.0
_RAMP_S, _MEASURE_S = 40.0, 15.0
_LETTERS = 12_000


def measure(servers: Servers) -> Iterator[Figure]:
    """All letters go to one domain; its number of connections rises first."""
    with stage(servers, "slow_server", sink_seconds=_SECONDS_EACH) as here:
        queue_letters(here, "slow", _LETTERS, ("slow.example",))
        here.start_worker()
        here.ring().ring(TaskName.DELIVER_LETTERS)
        time.sleep(_RAMP_S)
        before, began = here.sink.taken().letters, time.monotonic()
        time.sleep(_MEASURE_S)
        rate = (here.sink.taken().letters - before) / (time.monotonic() - began)
    note = f"{_SECONDS_EACH:g} s a mail, one worker process, after {_RAMP_S:g} s in which {before:,} left"
    yield Figure("slow_server_rate", rate, "1/s", Goal(at_least=100), note)
