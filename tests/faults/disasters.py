"""What happens around an installation while letters leave: restores, lost hosts, changed seats, texts, pauses.

Those that another fault or a lack of letters can keep from happening return how much they did.
"""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db.installation import pause_all
from shared.domain.office_changes import ChangeKind
from shared.errors import DearRepError
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring
from shared.services.delivery.restored import accept_database
from shared.services.letters import retry_letter
from shared.services.offices.changes import make_change, read_seat
from shared.services.offices.wanted import By, read_wanted
from tests.backups import dump_database, restore_dump
from tests.factories import CAMPAIGN, make_campaign
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.faults.conftest import Stack

_ASKED = "Please vote for the co-op bill"
_LONG_PAUSE = "interval '6 days'"
_TIMES = ("due_at", "deliver_by", "created_at", "state_changed_at")
_WAITING = "state IN ('held', 'queued', 'deferred')"
# Not one that a claim takes meanwhile: its worker would send it under the name that it had.
_UNBUILDABLE = text(
    """
    UPDATE letter
    SET message_id = 'wr\u00f6ng' || id
    WHERE id = (SELECT min(id) FROM letter WHERE state = 'queued') AND state = 'queued'
    """
)
_UNREADABLE = text("UPDATE campaign SET content = '{\"nothing\": 1}' WHERE slug = 'broken'")


def flap_relay(stack: "Stack", rng: random.Random) -> None:
    """The relay is killed and comes back soon."""
    stack.sink.stop()
    time.sleep(rng.uniform(0, 0.8))
    stack.sink.start()


def lose_a_host(stack: "Stack", rng: random.Random) -> None:
    """A worker is killed and its journals are gone with it."""
    worker = rng.choice(stack.fleet.workers)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(10)
    for journal in (stack.settings.var / "journal").glob(f"*.{worker.pid}.*"):
        journal.unlink(missing_ok=True)


def change_a_seat(stack: "Stack", rng: random.Random) -> int:
    """An office changes hands while its letters wait, leave, or are retried."""
    office = rng.choice([1, 2])
    name = f"Successor {rng.randrange(1_000)}"
    ring = Ring(make_celery(stack.settings), None)
    changed = 0
    with contextlib.suppress(DearRepError, DBAPIError, TimeoutError):
        # The practice offices come with the first lookup.
        wait_until(lambda: bool(_offices(stack)), 5, "offices")
        numbers = _offices(stack)
        number = numbers[office % len(numbers)]
        with stack.engine.begin() as connection:
            seat = read_seat(connection, number)
            typed = {"reason": "Elected", "on": str(seat.today), "name": name, "email": f"o{number}@new.example"}
            wanted = read_wanted(ChangeKind.SEATED, typed, seat)
        make_change(stack.engine, ring, number, wanted, By("organizer@example.org"))
        changed = 1
    retry_failures(stack, rng)
    return changed


def _offices(stack: "Stack") -> list[int]:
    with stack.engine.connect() as connection:
        return list(connection.scalars(text("SELECT id FROM office ORDER BY id")))


def retry_failures(stack: "Stack", rng: random.Random) -> int:
    """An organizer sends again what was refused, but nothing that may have arrived."""
    stack.fleet.settle(rng.uniform(0, 2))
    ring = Ring(make_celery(stack.settings), None)
    with stack.engine.connect() as connection:
        refused = list(connection.scalars(text("SELECT id FROM letter WHERE state = 'rejected' ORDER BY id")))
    retried = 0
    for number in refused:
        with contextlib.suppress(DearRepError, DBAPIError):
            retry_letter(stack.engine, ring, number, actor="organizer:1")
            retried += 1
    return retried


def publish_a_text(stack: "Stack", rng: random.Random) -> int:
    """Another text is published while people read and send."""
    published = 0
    for _ in range(rng.randint(1, 3)):
        with contextlib.suppress(DBAPIError):
            make_campaign(stack.engine, CAMPAIGN.replace(_ASKED, f"{_ASKED}, text {rng.randrange(1_000)}"))
            published += 1
        time.sleep(rng.uniform(0, 0.2))
    return published


def pause_for_six_days(stack: "Stack", _rng: random.Random) -> int:
    """Everything is paused, and six days pass before it goes on."""
    with stack.engine.begin() as connection:
        pause_all(connection, paused=True)
    waited = 0
    try:
        stack.fleet.settle(0.5)
        with contextlib.suppress(DBAPIError), stack.engine.begin() as connection:
            moved = ", ".join(f"{name} = {name} - {_LONG_PAUSE}" for name in _TIMES)
            waited = connection.execute(text(f"UPDATE letter SET {moved} WHERE {_WAITING}")).rowcount
        # A few sweeps look at what has waited so long.
        time.sleep(1)
    finally:
        _again(lambda: _resume(stack))
    return waited


def spoil_a_row(stack: "Stack", rng: random.Random) -> int:
    """A letter that can't be built, or a campaign that can't be read, is beside the others."""
    with contextlib.suppress(DBAPIError):
        if rng.random() < 0.5:
            return _spoil_a_letter(stack)
        make_campaign(stack.engine, CAMPAIGN.replace('"co-ops"', '"broken"'))
        with stack.engine.begin() as connection:
            return connection.execute(_UNREADABLE).rowcount
    return 0


def _spoil_a_letter(stack: "Stack") -> int:
    for _ in range(20):
        with stack.engine.begin() as connection:
            if spoiled := connection.execute(_UNBUILDABLE).rowcount:
                return spoiled
        time.sleep(0.1)
    return 0


def restore_a_backup(stack: "Stack", rng: random.Random) -> None:
    """A backup is made, letters leave, the backup is restored, and a person releases the hold as its page says."""
    known = list(stack.client.told)
    _again(lambda: dump_database(stack.postgres, stack.fleet.folder / "seed.dump"))
    stack.fleet.settle(rng.uniform(0.5, 3))
    stack.fleet.kill_workers()
    restore_dump(stack.postgres, stack.fleet.folder / "seed.dump")
    # What was promised after the backup is gone with it, as the documentation says.
    stack.client.told[:] = known
    stack.engine.dispose()
    stack.fleet.mend(2)
    wait_until(lambda: _is_held(stack), 20, "the hold")
    accept_database(stack.engine, actor="organizer:1")


def _is_held(stack: "Stack") -> bool:
    with contextlib.suppress(DBAPIError), stack.engine.connect() as connection:
        return bool(connection.scalar(text("SELECT hold_reason FROM installation")))
    return False


def _resume(stack: "Stack") -> None:
    with stack.engine.begin() as connection:
        pause_all(connection, paused=False)


def _again(act: Callable[[], object]) -> None:
    """A disaster needs the database, which another fault may just have cut off."""
    for _ in range(20):
        with contextlib.suppress(DBAPIError, AssertionError):
            act()
            return
        time.sleep(0.2)
    act()
