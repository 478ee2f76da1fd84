"""What a second worker process brings, and what RabbitMQ costs as the broker: letters from claim to record."""

import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from tests.bench.delivery import deliver
from tests.bench.figures import Figure
from tests.bench.servers import Servers
from tests.bench.stage import Stage, stage
from tests.rabbitmq import RabbitMq, find_rabbitmq

_ROUNDS = 3
_LETTERS = 3_000
# What a relay on the internet takes for a mail, more or less.
_RELAY_S = 0.05


def measure(servers: Servers) -> Iterator[Figure]:
    """Interleaved rounds, to a quick server and to one that takes its time."""
    for name, seconds in (("quick", 0.0), ("relay", _RELAY_S)):
        with stage(servers, f"scaling_{name}", sink_seconds=seconds) as here, ExitStack() as stack:
            ways = {"one": (here.settings.redis_url, 1), "two": (here.settings.redis_url, 2)}
            program = find_rabbitmq()
            if program is None:
                print("rabbitmq is left out: there is no RabbitMQ on this machine.", file=sys.stderr)
            elif not seconds:
                rabbit = RabbitMq(here.room / "rabbitmq", program)
                stack.callback(rabbit.stop)
                rabbit.start()
                ways["rabbitmq"] = (rabbit.url(), 1)
            rates = _rates(here, ways)
        server = f"a server that takes {seconds * 1_000:g} ms a mail" if seconds else "a quick server"
        note = f"{rates['two']:,.0f} letters/s of two worker processes ÷ {rates['one']:,.0f}/s of one, to {server}"
        yield Figure(f"two_workers_{name}", rates["two"] / rates["one"], "×", note=note)
        if "rabbitmq" in rates:
            note = f"{rates['rabbitmq']:,.0f} letters/s with RabbitMQ ÷ {rates['one']:,.0f}/s with Redis, one process"
            yield Figure("rabbitmq", rates["rabbitmq"] / rates["one"], "×", note=note)


def _rates(here: Stage, ways: dict[str, tuple[str, int]]) -> dict[str, float]:
    """Letters a second by way: a broker and a number of worker processes."""
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(_ROUNDS):
        for name, (broker, processes) in ways.items():
            here.settings = replace(here.settings, redis_url=broker)
            for _ in range(processes):
                here.start_worker()
            deliver(here, f"warm-{name}-{turn}", 400)
            measured[name].append(deliver(here, f"{name}-{turn}", _LETTERS))
            here.stop_processes()
    return {name: statistics.median(rates) for name, rates in measured.items()}
