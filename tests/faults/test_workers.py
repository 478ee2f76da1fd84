"""Rows of the fault table about workers: killed, frozen, stopped or doubled at every step of a letter's road."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from shared.db.installation import pause_all
from shared.failpoints import FAILPOINTS
from shared.queue.celery_app import make_celery
from shared.queue.names import QUEUE_OF_TASK, QueueName, TaskName
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.submissions import begin_submission
from tests.factories import make_supporter
from tests.faults.conftest import TIMING, Stack
from tests.forks import fork
from tests.processes import environment
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
REST = 30.0
AWAKE_WITHIN = 5.0
# At these the server may have a letter whose answer nobody has read: those that a delivery passes after the dot, and
# the sweep, which runs beside deliveries.
MAY_LEAVE_A_DOT = {"deliver.after_dot", "deliver.after_250", "sweep.mending"}
STEPS = [name for name in FAILPOINTS if not name.startswith("accept.")]


def write(stack: Stack, number: int, name: str = "w") -> None:
    """Submissions as the web tier stores them, all at once, each from an address of its own."""
    ring = Ring(make_celery(stack.settings), None)
    for n in range(number):
        supporter = make_supporter(f"{name}{n}@example.org")
        token = begin_submission(stack.engine, ring, stack.settings, "co-ops", supporter)
        accept_submission(stack.engine, ring, stack.settings, token, own_words="")
        stack.client.told.append(token)


def talk_over_one_connection(stack: Stack) -> None:
    """The offices' domain begins with one connection: only one letter at a time can be past its dot."""
    with stack.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO domain_pace (transport, receiving_domain, connections)"
                " VALUES ('mailbox', 'practice.example', 1)"
            )
        )


def check(stack: Stack, letters: int, *, uncertain: int = 0) -> None:
    """Everything came to rest, every promise held, and no more than `uncertain` letters are."""
    assert stack.fleet.settle(REST), stack.restless()
    # A worker that slept past its lease, and has just been woken, still has to say what its attempts came to.
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: stack.states().count("uncertain") <= uncertain, AWAKE_WITHIN, "the sleeper's word")
    assert stack.fleet.settle(REST), stack.states()
    assert stack.wrong() == []
    states = stack.states()
    assert len(states) == letters
    assert states.count("uncertain") + states.count("unconfirmed") <= uncertain, states
    assert set(states) <= {"sent", "uncertain", "unconfirmed"}, states


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at(stack: Stack, step: str) -> None:
    talk_over_one_connection(stack)
    stack.fleet.arm(f"{step}:kill9")
    write(stack, 4)
    wait_until(lambda: any(worker.poll() is not None for worker in stack.fleet.workers), 40, f"a death at {step}")
    stack.fleet.mend(2)
    check(stack, 8, uncertain=1 if step in MAY_LEAVE_A_DOT else 0)


@pytest.mark.parametrize("step", ["prepare.before_letters", "sweep.mending"])
def test_a_worker_frozen_for_good_within_a_transaction(stack: Stack, step: str) -> None:
    """Nobody wakes it, and it still looks alive: PostgreSQL takes its locks away."""
    stack.fleet.arm(f"{step}:freeze")
    write(stack, 2)
    wait_until(lambda: not stack.fleet.order.exists(), 40, f"somebody to freeze at {step}")
    check(stack, 4)


@pytest.mark.parametrize(
    "step", ["deliver.claimed", "deliver.before_dot", "deliver.after_dot", "deliver.before_record"]
)
def test_a_worker_frozen_past_its_lease_then_woken_at(stack: Stack, step: str) -> None:
    stack.fleet.arm(f"{step}:freeze")
    write(stack, 3)
    wait_until(lambda: not stack.fleet.order.exists(), 40, f"somebody to freeze at {step}")
    time.sleep(TIMING.lease + 1)
    stack.fleet.mend(2)
    # What it had in hand before the dot was not sent; what was past it was, and its answer still counts.
    check(stack, 6, uncertain=1 if step == "deliver.after_dot" else 0)


def test_a_host_lost_with_a_full_batch_claimed(stack: Stack) -> None:
    for worker in stack.fleet.workers:
        os.killpg(worker.pid, signal.SIGSTOP)
    write(stack, 20)
    stack.fleet.arm("deliver.after_dot:kill9:6")
    stack.fleet.mend(2)
    wait_until(lambda: any(worker.poll() is not None for worker in stack.fleet.workers), 60, "a death in mid-batch")
    for worker in stack.fleet.workers:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(10)
    dead = len(stack.fleet.workers)
    stack.fleet.mend(2)
    check(stack, 40, uncertain=dead * TIMING_CONNECTIONS)


# A process talks over as many connections as its domain takes; each may have one letter past its dot.
TIMING_CONNECTIONS = 5


def test_a_worker_stopped_in_mid_run_beside_a_new_one(stack: Stack) -> None:
    stack.sink.seconds_each = 0.05
    try:
        write(stack, 15)
        wait_until(lambda: bool(stack.sink.accepted), 40, "the first letter")
        old = stack.fleet.workers[0]
        stack.fleet.start_worker()
        os.kill(old.pid, signal.SIGTERM)
        check(stack, 30)
        assert old.wait(20) == 0
    finally:
        stack.sink.seconds_each = 0.0


def test_no_scheduler_and_two_of_them(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    write(stack, 2)
    check(stack, 4)
    folder = tmp_path_factory.mktemp("beat")
    command = ["celery", "-A", "worker.app", "beat", "--pidfile", "", "-s"]
    env = environment(stack.settings)
    beats = [fork([*command, str(folder / f"b{n}")], env, folder / "log") for n in range(2)]
    try:
        stack.empty()
        write(stack, 3)
        check(stack, 6)
    finally:
        for beat in beats:
            os.killpg(beat.pid, signal.SIGKILL)
            beat.wait(10)


def test_messages_ten_times_out_of_order_and_unknown(stack: Stack) -> None:
    app = make_celery(stack.settings)
    write(stack, 3)
    for _ in range(10):
        for task in reversed(TaskName):
            app.send_task(task.value, queue=QUEUE_OF_TASK[task].value, args=["more"], kwargs={"than": "known"})
    app.send_task("a.task.of.another.version", queue=QueueName.DELIVERY.value)
    check(stack, 6)


@contextmanager
def everything_paused(stack: Stack) -> Iterator[None]:
    """Letters are made and wait."""
    with stack.engine.begin() as connection:
        pause_all(connection, paused=True)
    yield
    with stack.engine.begin() as connection:
        pause_all(connection, paused=False)


def test_a_letter_that_can_not_be_built_is_set_aside_and_the_others_flow(stack: Stack) -> None:
    with everything_paused(stack):
        write(stack, 3)
        wait_until(lambda: len(stack.states()) == 6, 15, "the letters")
        with stack.engine.begin() as connection:
            # A campaign that is not there: the message can't be made.
            connection.execute(
                text("UPDATE letter SET message_id = 'w\u00f6rong' WHERE id = (SELECT min(id) FROM letter)")
            )
    assert stack.fleet.settle(REST)
    assert stack.states() == ["quarantined", *["sent"] * 5]
    assert stack.wrong() == []


def test_a_letter_that_kills_its_worker_each_time_is_set_aside(stack: Stack) -> None:
    with everything_paused(stack):
        write(stack, 1)
        wait_until(lambda: len(stack.states()) == 2, 15, "the letters")
        with stack.engine.begin() as connection:
            connection.execute(text("UPDATE letter SET state = 'cancelled' WHERE id = (SELECT max(id) FROM letter)"))
            # The supporter's own email must not be the one that dies.
            connection.execute(text("UPDATE follow_up SET due_at = now() + interval '1 hour'"))
        stack.fleet.arm("deliver.after_rcpt:kill9")
    for _ in range(3):
        wait_until(lambda: not stack.fleet.order.exists(), 20, "a death")
        # At once, so that the next to take the letter dies too.
        stack.fleet.arm("deliver.after_rcpt:kill9")
        stack.fleet.mend(2)
    assert stack.fleet.settle(REST), stack.states()
    assert stack.states() == ["quarantined", "cancelled"]
    assert stack.wrong() == []


def test_one_domain_that_answers_slowly_holds_up_no_other(stack: Stack) -> None:
    stack.sink.tarpit = "tar.example"
    try:
        with everything_paused(stack):
            write(stack, 12)
            wait_until(lambda: len(stack.states()) == 24, 15, "the letters")
            with stack.engine.begin() as connection:
                connection.execute(
                    text(
                        "UPDATE letter SET receiving_domain = 'tar.example', recipient_email = 'a@tar.example'"
                        " WHERE id % 2 = 0"
                    )
                )
        wait_until(lambda: stack.states().count("sent") >= 12, 6, "the other domain's letters")
        assert stack.wrong() == []
    finally:
        stack.sink.tarpit = ""
    check(stack, 24)
