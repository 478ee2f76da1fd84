"""Restores, relays that go away and hosts that are lost, with real processes: `make faults-long` at full size.

In `make test` a restore and a lost host run with fewer letters and shorter waits; `test_relay.py` has the relay.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from shared.timing import USUAL, Timing
from tests.faults.hosts import Installation, installation, wait_until_all_left
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
FULL = os.environ.get("FAULTS_LONG") == "1"
# In `make test` a worker is taken to be gone sooner, and servers answer sooner.
_SHORT = replace(USUAL, heartbeat=0.5, dead_after=4.0, sweep=1.0, breaker=1.0)
TIMING: Timing = USUAL if FULL else _SHORT
RESTORED_LETTERS = 600 if FULL else 60
FLAP_LETTERS = 1_200 if FULL else 200
HOST_LETTERS = 4_000 if FULL else 240
SECONDS_EACH = 0.3 if FULL else 0.1
_AT_WORK = 16 if FULL else 8
full_only = pytest.mark.skipif(not FULL, reason="only in make faults-long")


@pytest.fixture
def here() -> Iterator[Installation]:
    with installation(TIMING) as running:
        yield running


def restore_dump(here: Installation) -> Callable[[], None]:
    """`pg_restore --clean` into the same server."""
    dump = here.dump()
    return lambda: here.restore(dump)


def restore_into_new_server(here: Installation) -> Callable[[], None]:
    dump = here.dump()

    def restore() -> None:
        here.move_to_new_server()
        here.restore(dump)

    return restore


def copied_files(here: Installation) -> Callable[[], None]:
    copy = here.copy_files()
    return lambda: here.put_files_back(copy)


@pytest.mark.parametrize("ends", ["stopped", "killed"] if FULL else ["killed"])
@pytest.mark.parametrize("backup", [restore_dump, restore_into_new_server, copied_files] if FULL else [restore_dump])
def test_a_restored_backup_sends_nothing_twice(
    here: Installation, backup: Callable[[Installation], Callable[[], None]], ends: str
) -> None:
    here.queue_letters(RESTORED_LETTERS)
    restore = backup(here)
    host = here.host("a")
    host.start()
    wait_until_all_left(here, RESTORED_LETTERS, 120)
    host.stop() if ends == "stopped" else host.kill()
    restore()
    assert here.states().get("queued") == RESTORED_LETTERS
    host.start()
    wait_until(lambda: bool(here.ask("SELECT hold_reason FROM installation")), 30, "the hold")
    # Long enough for several sweeps and claims.
    time.sleep(3 * TIMING.sweep)
    assert here.copies() == 0
    assert here.states().get("queued") == RESTORED_LETTERS


@full_only
def test_letters_leave_again_soon_after_the_relay_restarts(here: Installation) -> None:
    here.relay.seconds_each = SECONDS_EACH
    here.queue_letters(FLAP_LETTERS)
    host = here.host("a")
    host.start()
    wait_until(lambda: here.relay.open_now >= _AT_WORK, 60, f"{_AT_WORK} connections at work")
    here.relay.stop()
    time.sleep(2)
    here.relay.start()
    back_at = time.monotonic()
    wait_until(lambda: here.taken_since(back_at) > 0, 15, "letters that leave again")
    print(f"letters left again {time.monotonic() - back_at:.1f} s after the relay was back")
    wait_until_all_left(here, FLAP_LETTERS - here.states().get("uncertain", 0), 240)
    assert here.copies() == 0


@full_only
def test_a_relay_that_allows_ten_connections_rests_no_domain(here: Installation) -> None:
    here.relay.seconds_each = SECONDS_EACH
    here.relay.max_connections = 10
    here.queue_letters(FLAP_LETTERS)
    host = here.host("a")
    host.start()
    rests = []
    deadline = time.monotonic() + 240
    while here.states().get("sent", 0) < FLAP_LETTERS and time.monotonic() < deadline:
        rests.append(here.ask("SELECT count(*) FROM domain_pace WHERE open_until > now()"))
        time.sleep(0.1)
    assert here.states() == {"sent": FLAP_LETTERS}
    assert not any(rests)
    assert here.copies() == 0


def test_a_lost_host_costs_a_minute(here: Installation) -> None:
    here.relay.seconds_each = SECONDS_EACH
    here.queue_letters(HOST_LETTERS)
    lost, other = here.host("a"), here.host("b")
    lost.start()
    other.start()
    wait_until(lambda: here.relay.open_now >= _AT_WORK, 60, f"{_AT_WORK} connections at work")
    wait_until(lambda: len(here.relay.taken) >= HOST_LETTERS / 10, 60, "a tenth of the letters")
    before = here.relay.open_now
    lost.kill()
    lost.lose_journal()
    killed_at = time.monotonic()
    # The other host goes on at once ...
    time.sleep(3)
    assert here.taken_since(killed_at) >= 3
    # ... and what the lost one held is looked at within a minute.
    wait_until(lambda: _held_by_nobody(here), TIMING.dead_after + 30, "the lost host's share")
    uncertain = here.states().get("uncertain", 0)
    assert uncertain <= 2 * before
    wait_until_all_left(here, HOST_LETTERS - uncertain, 300)
    assert here.copies() == 0
    assert sum(here.states().values()) == HOST_LETTERS


def _held_by_nobody(here: Installation) -> bool:
    """Every letter that is being sent belongs to a connection whose worker is alive."""
    return not here.ask(
        "SELECT count(*) FROM letter WHERE state = 'sending' AND NOT EXISTS"
        " (SELECT 1 FROM delivery_connection WHERE name = letter.worker AND beat_at > now() - interval '10 seconds')"
    )
