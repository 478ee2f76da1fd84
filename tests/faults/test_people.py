"""Rows of the fault table about what comes back and who asks for no more, while letters leave."""

import random
import threading
import time

import pytest
from sqlalchemy import text

from tests.faults.conftest import Stack
from tests.faults.people import erase_somebody, post_news, unsubscribe_somebody
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
_REST = 30.0
_PEOPLE = 8


def write(stack: Stack) -> None:
    """Some people write at once, to a server that takes its time."""
    stack.sink.seconds_each = 0.05
    writers = [threading.Thread(target=stack.client.write, args=(f"w{n}@example.org",)) for n in range(_PEOPLE)]
    for writer in writers:
        writer.start()
    wait_until(lambda: len(stack.states()) >= 2, 40, "the first letters")
    for writer in writers:
        writer.join()


def check(stack: Stack) -> None:
    stack.sink.seconds_each = 0.0
    assert stack.fleet.settle(_REST), stack.restless()
    assert stack.wrong() == []


def test_webhooks_early_doubled_forged_out_of_order(stack: Stack) -> None:
    writer = threading.Thread(target=write, args=(stack,))
    writer.start()
    rng = random.Random(7)
    for _ in range(6):
        post_news(stack, rng)
        time.sleep(0.1)
    writer.join()
    wait_until(lambda: stack.fleet.restless() == 0, _REST, "the letters")
    post_news(stack, rng)
    check(stack)
    assert {"delivered", "bounced"} <= set(stack.states())
    with stack.engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*), count(DISTINCT event_id) FROM receipt")).one()
    assert rows[0] == rows[1] > 0


def test_unsubscribing_races_a_send(stack: Stack) -> None:
    writer = threading.Thread(target=write, args=(stack,))
    writer.start()
    rng = random.Random(7)
    while writer.is_alive():
        unsubscribe_somebody(stack, rng)
    writer.join()
    check(stack)
    assert stack.ledger.unsubscribed
    assert set(stack.states()) == {"sent"}


def test_deletion_races_a_send(stack: Stack) -> None:
    writer = threading.Thread(target=write, args=(stack,))
    writer.start()
    rng = random.Random(7)
    # Whoever is erased before there are letters never gets any, and the writer waits for some.
    wait_until(lambda: len(stack.states()) >= 2, _REST, "the first letters")
    while writer.is_alive() or not stack.ledger.erased:
        erase_somebody(stack, rng)
        time.sleep(0.05)
    writer.join()
    check(stack)
    assert stack.ledger.erased
