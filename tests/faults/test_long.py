"""Restores, relays that go away and hosts that are lost, with real processes: `make faults-long` at full size.

In `make test` a restore and a lost host run with fewer letters and shorter waits; `test_relay.py` has the relay.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from shared.timing import USUAL, Timing
from tests.faults.hosts import Host, Installation, installation, wait_until_all_left
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
FULL = os.environ.get("FAULTS_LONG") == "1"
# In `make test` a worker is taken to be gone sooner, and servers answer sooner.
_SHORT = replace(USUAL, heartbeat=0.5, dead_after=4.0, sweep=1.0, breaker=1.0)
TIMING: Timing = USUAL if FULL else _SHORT
RESTORED_LETTERS = 600 if FULL else 60
FLAP_LETTERS = 1_200 if FULL else 200
HOST_LETTERS = 4_000 if FULL else 300
SECONDS_EACH = 0.3
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
    hosts = [here.host("a"), here.host("b")]
    for host in hosts:
        host.start()
    wait_until(lambda: here.relay.open_now >= _AT_WORK, 60, f"{_AT_WORK} connections at work")
    wait_until(lambda: len(here.relay.taken) >= HOST_LETTERS / 10, 60, "a tenth of the letters")
    connections, lost = max(((_connections(here, host), host) for host in hosts), key=lambda pair: pair[0])
    lost.kill()
    lost.lose_journal()
    killed_at = time.monotonic()
    # The other host goes on at once ...
    time.sleep(3)
    assert here.taken_since(killed_at) >= 3
    # ... and what the lost one held is looked at within a minute.
    held = f"SELECT count(*) FROM letter WHERE state = 'sending' AND {lost.is_holder('worker')}"
    wait_until(lambda: here.ask(held) == 0, TIMING.dead_after + 3 * TIMING.sweep, "the lost host's share")
    uncertain = here.states().get("uncertain", 0)
    print(f"{uncertain} uncertain of {connections} connections, {time.monotonic() - killed_at:.0f} s after the loss")
    assert 0 < connections
    assert uncertain <= 2 * connections
    wait_until_all_left(here, HOST_LETTERS - uncertain, 300)
    assert here.copies() == 0
    assert here.states() == {"sent": HOST_LETTERS - uncertain} | ({"uncertain": uncertain} if uncertain else {})


def _connections(here: Installation, host: Host) -> int:
    return int(str(here.ask(f"SELECT count(*) FROM delivery_connection WHERE {host.is_holder('name')}")))
