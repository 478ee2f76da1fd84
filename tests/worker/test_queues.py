"""Rings and tasks over the real broker: each ring reaches its own queue, and a worker works it off."""

from dataclasses import replace
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine

from shared.queue.celery_app import make_celery
from shared.queue.names import QUEUE_OF_TASK, QueueName, TaskName
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter
from tests.processes import start_worker, stop
from tests.smtp_server import ScriptedSmtpServer
from tests.worker.waiting import wait_for_sent
from worker.tasks import make_work, register_tasks


@pytest.mark.parametrize("task", list(TaskName))
def test_a_ring_reaches_its_own_queue_and_no_other(task: TaskName, settings: Settings) -> None:
    Ring(make_celery(settings), connect_redis(settings.redis_url)).ring(task)
    broker = redis.Redis.from_url(settings.redis_url)
    lengths = {queue: broker.llen(queue.value) for queue in QueueName}
    assert lengths == {queue: int(queue is QUEUE_OF_TASK[task]) for queue in QueueName}


def test_every_task_that_rings_has_code(settings: Settings, engine: Engine) -> None:
    app = make_celery(settings)
    register_tasks(app, make_work(engine, Ring(app, None), settings), settings.timing)
    named = {name for name in app.tasks if not name.startswith("celery.")}
    assert named == {task.value for task in TaskName}


def test_a_worker_process_carries_letters_and_ends_on_request(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    make_campaign(engine)
    ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
    with ScriptedSmtpServer() as mailbox:
        worker = start_worker(replace(settings, mailbox_url=mailbox.url), tmp_path / "worker.log")
        try:
            token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
            accept_submission(engine, ring, settings, token, own_words="")
            wait_for_sent(engine, 2, tmp_path / "worker.log")
            # Nobody rings for this one: the worker's own sweep finds it.
            redis.Redis.from_url(settings.redis_url).flushall()
            silent = Ring(make_celery(settings), None)
            silent.ring = lambda _task: None  # type: ignore[method-assign]
            token = begin_submission(engine, silent, settings, "co-ops", make_supporter("other@example.org"))
            accept_submission(engine, silent, settings, token, own_words="")
            wait_for_sent(engine, 4, tmp_path / "worker.log")
        finally:
            assert stop(worker) == 0
    assert len({message for _, _, message in mailbox.accepted if b"Reply-To" in message}) == 4
