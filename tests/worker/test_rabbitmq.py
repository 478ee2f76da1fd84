"""RabbitMQ as the broker: rings are merged in their queues, workers hear them, its absence harms nothing."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kombu import Connection, pools
from sqlalchemy import Engine

from shared.queue import ring as ring_module
from shared.queue.broker_state import BrokerAway, read_broker
from shared.queue.celery_app import make_celery
from shared.queue.names import QUEUE_OF_TASK, QueueName, TaskName
from shared.queue.ring import Ring, connect_redis
from shared.services import doctor
from shared.services.accept import accept_submission
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter
from tests.processes import start_worker, stop
from tests.rabbitmq import RabbitMq, find_rabbitmq
from tests.smtp_server import ScriptedSmtpServer
from tests.worker.waiting import START_SECONDS, wait_for_sent

_PROGRAM = find_rabbitmq()
pytestmark = pytest.mark.skipif(_PROGRAM is None, reason="NOT TESTED: rabbitmq-server is not installed on this machine")


@pytest.fixture(scope="module")
def rabbitmq(engine_room: Path) -> Iterator[RabbitMq]:
    assert _PROGRAM is not None
    server = RabbitMq(engine_room / "rabbitmq", _PROGRAM)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def redis_url(rabbitmq: RabbitMq) -> str:
    """A broker without queues, in the place of the Redis that other tests use."""
    # Connections are shared by all apps of a process, and tests cut them.
    pools.reset()
    with Connection(rabbitmq.url()) as connection, connection.channel() as channel:
        for queue in QueueName:
            channel.queue_delete(queue.value)
    return rabbitmq.url()


def bell(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


def lengths(settings: Settings) -> dict[QueueName, int]:
    return dict(read_broker(settings.redis_url).lengths)


@pytest.mark.parametrize("task", list(TaskName))
def test_rings_reach_their_own_queue_and_are_merged_there(task: TaskName, settings: Settings) -> None:
    ring = bell(settings)
    for _ in range(50):
        ring.ring(task)
    assert ring.failures == 0
    waiting = {queue: number for queue, number in lengths(settings).items() if number}
    tasks_there = sum(queue is QUEUE_OF_TASK[task] for queue in QUEUE_OF_TASK.values())
    assert waiting == {QUEUE_OF_TASK[task]: tasks_there}
    assert ring.queue_lengths() == lengths(settings)


@pytest.mark.parametrize("usual_type", ["classic", "quorum"])
def test_a_worker_process_hears_the_bell(
    usual_type: str, rabbitmq: RabbitMq, settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    """Also on a host whose queues are quorum queues unless one asks for another kind."""
    rabbitmq.control("add_vhost", usual_type, "--default-queue-type", usual_type)
    rabbitmq.control("set_permissions", "-p", usual_type, "guest", ".*", ".*", ".*")
    settings = replace(settings, redis_url=rabbitmq.url(host=usual_type))
    make_campaign(engine)
    # A worker's own sweep comes too late to be what carries these letters.
    slow = replace(settings, timing=replace(settings.timing, sweep=600.0))
    with ScriptedSmtpServer() as mailbox:
        worker = start_worker(replace(slow, mailbox_url=mailbox.url), tmp_path / "worker.log")
        try:
            wait_until_all_are_heard(settings, tmp_path / "worker.log")
            found = {finding.name: finding for finding in doctor.examine(engine, settings)}
            assert found["broker"].words.startswith("answers, RabbitMQ ")
            assert (found["workers"].words, found["workers"].is_ok) == ("1 listening", True)
            ring = bell(settings)
            token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
            accept_submission(engine, ring, settings, token, own_words="")
            wait_for_sent(engine, 2, tmp_path / "worker.log")
        finally:
            assert stop(worker) == 0
    assert len({message for _, _, message in mailbox.accepted if b"Reply-To" in message}) == 2


def test_a_worker_goes_on_when_the_broker_died_and_came_back(
    rabbitmq: RabbitMq, settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    make_campaign(engine)
    ring = bell(settings)
    with ScriptedSmtpServer() as mailbox:
        quick = replace(settings, mailbox_url=mailbox.url, timing=replace(settings.timing, sweep=1.0))
        worker = start_worker(quick, tmp_path / "worker.log")
        try:
            wait_until_all_are_heard(settings, tmp_path / "worker.log")
            rabbitmq.kill_node()
            # The sweeper carries these, as nobody can ring.
            token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
            accept_submission(engine, ring, settings, token, own_words="")
            wait_for_sent(engine, 2, tmp_path / "worker.log")
            rabbitmq.start_node()
            wait_until_all_are_heard(settings, tmp_path / "worker.log")
            token = begin_submission(engine, ring, settings, "co-ops", make_supporter("other@example.org"))
            accept_submission(engine, ring, settings, token, own_words="")
            wait_for_sent(engine, 4, tmp_path / "worker.log")
        finally:
            stop(worker)


def test_a_page_neither_waits_for_a_broker_that_is_away_nor_fails(
    rabbitmq: RabbitMq, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring_module, "QUIET_AFTER_FAILURE_S", 0.0)
    ring, stranger = bell(settings), bell(replace(settings, redis_url=rabbitmq.url("wrong")))
    ring.ring(TaskName.DELIVER_LETTERS)
    stranger.ring(TaskName.DELIVER_LETTERS)
    assert (ring.failures, stranger.failures) == (0, 1)
    rabbitmq.kill_node()
    try:
        for _ in range(3):
            began = time.monotonic()
            ring.ring(TaskName.DELIVER_LETTERS)
            assert time.monotonic() - began < 2
        assert ring.failures == 3
        assert ring.queue_lengths() is None
    finally:
        rabbitmq.start_node()
    ring.ring(TaskName.DELIVER_LETTERS)
    assert ring.failures == 3


def test_the_doctor_names_queues_that_nobody_listens_to(settings: Settings, tmp_path: Path) -> None:
    nobody = {finding.name: finding for finding in doctor.check_broker(settings.redis_url)}
    assert nobody["workers"].words == "none is listening"
    worker = start_worker(
        settings, tmp_path / "worker.log", queues=[queue for queue in QueueName if queue is not QueueName.MAIL]
    )
    try:
        wait_until_all_are_heard(settings, tmp_path / "worker.log", but=(QueueName.MAIL,))
        found = {finding.name: finding for finding in doctor.check_broker(settings.redis_url)}
    finally:
        stop(worker)
    assert found["workers"].words == "none listens to mail"
    assert not found["workers"].is_ok


def test_what_the_doctor_says_holds_no_password(rabbitmq: RabbitMq) -> None:
    with pytest.raises(BrokerAway, match=r"^AccessRefused$"):
        read_broker(rabbitmq.url("wrong"))


def test_nobody_waits_long_for_a_frozen_broker(rabbitmq: RabbitMq, settings: Settings) -> None:
    """It takes connections, as its kernel does that, and says nothing."""
    ring = bell(settings)
    os.killpg(rabbitmq.started[-1].pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        ring.ring(TaskName.DELIVER_LETTERS)
        assert ring.queue_lengths() is None
        assert time.monotonic() - began < 6
        assert ring.failures == 1
    finally:
        os.killpg(rabbitmq.started[-1].pid, signal.SIGCONT)


def wait_until_all_are_heard(settings: Settings, log: Path, but: tuple[QueueName, ...] = ()) -> None:
    ends = time.monotonic() + START_SECONDS
    while read_broker(settings.redis_url).unheard != but:
        if time.monotonic() > ends:
            pytest.fail(f"The worker does not listen:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)
