"""Rows of the fault table about mail servers: every answer and every silence at every verb."""

import os
import signal
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.faults.conftest import Stack
from tests.faults.sink import BEHAVIOURS
from tests.faults.test_workers import REST, everything_paused, write
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
# What one letter ends as when its first try meets this; everything else is sent in the end.
ENDS = {
    "say:RCPT:550 5.1.1 nobody": "rejected",
    "say:MAIL:530 5.7.0 no": "rejected",
    "say:DATA:554 no": "rejected",
    "say:dot:552 5.3.4 too large": "rejected",
    "say:dot:554 spam": "rejected",
    "say:dot:gibberish": "uncertain",
    "lose:taken": "uncertain",
    "lose:refused": "uncertain",
    "late": "uncertain",
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_first_try_that_meets(stack: Stack, behaviour: str) -> None:
    with everything_paused(stack):
        write(stack, 2)
        wait_until(lambda: len(stack.states()) == 4, 15, "the letters")
        stack.sink.plan.append(behaviour)
        with stack.engine.begin() as connection:
            connection.execute(text("UPDATE follow_up SET due_at = now() + interval '1 hour'"))
    assert stack.fleet.settle(REST), stack.states()
    assert stack.wrong() == []
    ends = stack.states()
    # A short letter and its dot may be in the network's buffers before we notice that nobody reads them.
    possible = {ENDS.get(behaviour, "sent")} | ({"uncertain"} if behaviour == "drop:body" else set())
    assert ends.count("sent") >= 3
    assert set(ends) - {"sent"} <= possible
    assert behaviour == "drop:body" or set(ends) == {"sent", *possible}


@pytest.mark.parametrize(
    "url", ["smtp://user:secret@127.0.0.1:{port}", "smtp://127.0.0.1:{port}?starttls=1"], ids=["auth", "tls"]
)
def test_our_own_sign_in_or_tls_fails_no_letter(stack: Stack, url: str) -> None:
    settings = stack.fleet.settings
    restart(stack, replace(settings, mailbox_url=url.format(port=stack.sink.port)))
    try:
        write(stack, 2)
        wait_until(
            lambda: causes(stack) <= {"tls", "authentication", "connection"} and bool(causes(stack)), 15, "a refusal"
        )
        assert set(stack.states()) <= {"queued", "sending"}
    finally:
        restart(stack, settings)
    assert stack.fleet.settle(REST), stack.states()
    assert set(stack.states()) == {"sent"}
    assert stack.wrong() == []


def causes(stack: Stack) -> set[str]:
    with stack.engine.connect() as connection:
        return set(connection.scalars(text("SELECT cause FROM letter WHERE cause <> '' AND state = 'queued'")))


def restart(stack: Stack, settings: object) -> None:
    for worker in stack.fleet.workers:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)
    stack.fleet.settings = settings  # type: ignore[assignment]
    stack.fleet.mend(2)
