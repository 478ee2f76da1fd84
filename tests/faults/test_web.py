"""Rows of the fault table about the web tier and the people in front of it."""

import threading

import pytest

from tests.faults.conftest import Stack
from tests.faults.test_workers import check
from tests.waiting import wait_until

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("step", ["accept.before_commit", "accept.after_commit"])
@pytest.mark.parametrize("action", ["kill9", "raise"])
def test_the_web_tier_fails_at(stack: Stack, step: str, action: str) -> None:
    stack.fleet.arm(f"{step}:{action}")
    stack.client.write("anna@example.org")
    wait_until(lambda: not stack.fleet.order.exists(), 10, "the fault")
    stack.client.write("ben@example.org")
    assert len(stack.client.told) == 2
    check(stack, 4)


def test_double_clicks_replays_and_the_back_button(stack: Stack) -> None:
    stack.client.write("anna@example.org", presses=3)
    check(stack, 2)


def test_fifty_supporters_at_once_each_press_twice(stack: Stack) -> None:
    writers = [
        threading.Thread(target=stack.client.write, args=(f"f{n}@example.org",), kwargs={"presses": 2})
        for n in range(50)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(stack.client.told) == 50
    check(stack, 100)


def test_one_person_in_ten_windows_gets_one_letter_an_office(stack: Stack) -> None:
    writers = [threading.Thread(target=stack.client.write, args=("same@example.org",)) for _ in range(10)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    check(stack, 2)
