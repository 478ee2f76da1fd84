"""How fast one worker process delivers, beside a bare smtplib loop to the same server, and whether it grows."""

import smtplib
import statistics
import time
from collections.abc import Iterator

import psutil
from sqlalchemy import text

from shared.queue.names import TaskName
from shared.services.delivery.deliver import letter_bytes
from tests.bench.figures import Figure, Goal
from tests.bench.letters import queue_letters
from tests.bench.servers import Servers
from tests.bench.stage import Stage, stage

_ROUNDS = 5
_LETTERS = 2_000
_BARE_SECONDS = 2.0
_ROUND_SECONDS = 60.0
# Where the worker's memory is compared, and how long it may take to get there.
_FROM, _TO = 10_000, 100_000
_GROW_SECONDS = 100.0
_STEP = 5_000
_MB = 1_048_576
_SPAN = text(
    "SELECT extract(epoch FROM max(at) FILTER (WHERE to_state = 'sent') - min(at) FILTER (WHERE to_state = 'sending'))"
    " FROM letter_event WHERE id > :after"
)
_LAST_EVENT = text("SELECT coalesce(max(id), 0) FROM letter_event")
_ANY_LETTER = text("SELECT * FROM letter LIMIT 1")


def measure(servers: Servers) -> Iterator[Figure]:
    """Interleaved rounds; then the same worker goes on until it has delivered enough."""
    with stage(servers, "delivery") as here:
        worker = psutil.Process(here.start_worker())
        deliver(here, "warm", 1_000)
        rates, bare = [], []
        delivered, early = 1_000, 0
        for number in range(_ROUNDS):
            bare.append(_bare(here))
            rates.append(deliver(here, f"round{number}", _LETTERS))
            delivered += _LETTERS
            if not early and delivered >= _FROM:
                early = worker.memory_info().rss
        note = f"{statistics.median(rates):,.0f}/s claimed to recorded ÷ {statistics.median(bare):,.0f}/s of smtplib"
        ratio = statistics.median(rates) / statistics.median(bare)
        yield Figure("delivery_ratio", ratio, "×", Goal(at_least=0.5), f"{note} with ready bytes, one worker process")
        ends = time.monotonic() + _GROW_SECONDS
        while delivered < _TO and time.monotonic() < ends:
            deliver(here, f"more{delivered}", _STEP)
            delivered += _STEP
        late = worker.memory_info().rss
        note = f"{early / _MB:,.0f} MB after 10,000 letters, {late / _MB:,.0f} MB after {delivered:,}"
        yield Figure("memory_growth", late / early, "×", Goal(at_most=1.1), note)


def deliver(here: Stage, key: str, count: int) -> float:
    """Letters a second, from the first claim to the last outcome in the database."""
    with here.engine.connect() as connection:
        after = connection.scalar(_LAST_EVENT)
    queue_letters(here, key, count)
    here.ring().ring(TaskName.DELIVER_LETTERS)
    here.settle(_ROUND_SECONDS, "letters")
    with here.engine.connect() as connection:
        return count / float(connection.scalar(_SPAN, {"after": after}))


def _bare(here: Stage) -> float:
    """Emails a second over one kept connection, the bytes made ahead."""
    with here.engine.connect() as connection:
        row = connection.execute(_ANY_LETTER).mappings().one()
    message = letter_bytes(row, "Cooperative MA", "letters@letters.example")
    sent = 0
    with smtplib.SMTP("127.0.0.1", here.sink.port) as smtp:
        began = time.perf_counter()
        while time.perf_counter() - began < _BARE_SECONDS:
            smtp.sendmail("bounce@letters.example", [row["recipient_email"]], message)
            sent += 1
        return sent / (time.perf_counter() - began)
