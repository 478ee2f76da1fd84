"""Rows of the fault table about the mail server as a whole: it restarts under load, or takes few connections."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from tests.faults.conftest import TIMING, Stack
from tests.faults.test_workers import REST, write
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
SUBMISSIONS = 150
# As a restart of 2 s is to rests of 5 s and more.
DOWN_SECONDS = 2 * TIMING.breaker / 5
BACK_WITHIN = 15 * TIMING.breaker / 5 + 3.0


@contextmanager
def many_connections(stack: Stack) -> Iterator[None]:
    """One domain that takes all the connections that a server gives, each slowly."""
    with stack.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO domain_pace (transport, receiving_domain, connections, seconds_per_letter)"
                " VALUES ('mailbox', 'practice.example', 32, 0.5)"
            )
        )
    stack.sink.seconds_each = 0.3
    try:
        write(stack, SUBMISSIONS)
        yield
    finally:
        stack.sink.seconds_each = 0.0


def ask(stack: Stack, query: str) -> list[tuple[object, ...]]:
    with stack.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_relay_that_restarts_under_load_is_used_again_at_once(stack: Stack) -> None:
    with many_connections(stack):
        wait_until(lambda: stack.sink.open_now >= 16, 30, "sixteen connections")
        assert stack.sink.open_now == 16, "the ceiling holds"
        stack.sink.stop()
        try:
            time.sleep(DOWN_SECONDS)
        finally:
            stack.sink.start()
        back, sent = time.monotonic(), stack.states().count("sent")
        wait_until(lambda: stack.states().count("sent") > sent, BACK_WITHIN, "letters that leave again")
        print(f"letters left again {time.monotonic() - back:.1f} s after the server was back")
        wait_until(lambda: stack.sink.open_now >= 8, 30, "many connections again")
    assert stack.fleet.settle(REST), stack.states()
    assert stack.wrong() == []
    assert ask(stack, "SELECT failures, open_until FROM relay_state WHERE server = 'mailbox'") == [(0, None)]
    # Sixteen at most had their dot sent and no answer read.
    assert stack.states().count("uncertain") <= 16


def test_a_relay_that_takes_ten_connections_stops_no_domain(stack: Stack) -> None:
    stack.sink.max_connections = 10
    rested = "SELECT receiving_domain FROM domain_pace WHERE open_until IS NOT NULL"

    def learned() -> int | None:
        ((connections,),) = ask(stack, "SELECT learned_connections FROM relay_state")
        assert connections is None or isinstance(connections, int)
        return connections

    with many_connections(stack):
        wait_until(lambda: stack.sink.too_many > 0, 30, "an eleventh connection")
        # The workers have learned how many were open at the eleventh, and use as many.
        wait_until(lambda: learned() is not None, 30, "the number of connections that the server takes")
        wait_until(lambda: stack.sink.open_now >= min(learned() or 10, 10), 30, "as many connections at work")
    assert stack.fleet.settle(REST), stack.states()
    assert stack.wrong() == []
    assert ask(stack, rested) == []
    assert learned() in {8, 9, 10}
    assert ask(stack, "SELECT failures FROM relay_state") == [(0,)]
    assert set(stack.states()) == {"sent"}
