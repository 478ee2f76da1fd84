"""A worker's sweeper goes on sweeping whatever the work is that nobody else takes up."""

import threading

import pytest
from sqlalchemy import Engine

from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.settings import Settings
from tests.factories import make_campaign, make_ring, write_letters
from tests.services.came_back import Post
from worker.sweeper import _Sweeper


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return make_ring(settings)


def test_it_sweeps_while_the_work_lasts(engine: Engine, settings: Settings, ring: Ring) -> None:
    """A queue that is not empty for minutes looks like one that nobody works on."""
    make_campaign(engine)
    write_letters(engine, ring, settings)
    post = Post(engine, settings, ring)
    post.change("INSERT INTO delivery_connection (name, transport, host) VALUES ('web-2.1.a', 'mailbox', 'web-2')")
    begun, goes_on = [], threading.Event()

    def deliver() -> None:
        begun.append(threading.current_thread())
        goes_on.wait(20)

    work = {task: deliver if task is TaskName.DELIVER_LETTERS else lambda: None for task in TaskName}
    sweeper = _Sweeper(engine, ring, settings, work)
    for _ in range(5):
        sweeper.once()
    assert len(begun) == 1
    post.change("UPDATE letter SET state = 'sending', worker = 'web-2.1.a', lease_until = now() + interval '1 hour'")
    post.change("UPDATE delivery_connection SET beat_at = now() - interval '31 seconds'")
    sweeper.once()
    assert post.ask("SELECT DISTINCT state FROM letter") == [("uncertain",)]
    goes_on.set()
    begun[0].join(20)
    assert not begun[0].is_alive()


def test_work_that_fails_is_begun_again(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    begun = []

    def deliver() -> None:
        begun.append(threading.current_thread())
        raise ZeroDivisionError

    sweeper = _Sweeper(engine, ring, settings, dict.fromkeys(TaskName, deliver))
    for _ in range(4):
        sweeper.once()
        for one in begun:
            one.join(20)
    assert len({id(one) for one in begun}) >= 2
