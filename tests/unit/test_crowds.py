"""Who comes while work is under way is served with the others of the next turn, and everybody gets their own answer."""

import threading
from collections.abc import Sequence

from shared.services.crowds import MOST, Crowd


class Bench:
    """Work that waits at a gate, and remembers the size of its turns."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.begun = threading.Event()
        self.gate = threading.Event()

    def work(self, wishes: Sequence[int]) -> list[int]:
        self.turns.append(len(wishes))
        self.begun.set()
        assert self.gate.wait(10)
        if min(wishes) < 0:
            raise ValueError("Less than nothing.")
        return [wish * 2 for wish in wishes]


def ask_all(bench: Bench, wishes: Sequence[int]) -> dict[int, int | str]:
    """The first alone, the others while it is under way."""
    crowd, answers = Crowd(bench.work), dict[int, int | str]()

    def ask(wish: int) -> None:
        try:
            answers[wish] = crowd.ask(wish)
        except ValueError as error:
            answers[wish] = str(error)

    threads = [threading.Thread(target=ask, args=(wish,)) for wish in wishes]
    threads[0].start()
    assert bench.begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(crowd._waiting) < len(wishes) - 1:
        pass
    bench.gate.set()
    for thread in threads:
        thread.join(10)
    return answers


def test_one_turn_serves_all_who_came_meanwhile() -> None:
    bench = Bench()
    assert ask_all(bench, range(9)) == {wish: wish * 2 for wish in range(9)}
    assert bench.turns == [1, 8]


def test_a_turn_has_an_end_and_the_next_one_follows() -> None:
    bench = Bench()
    assert len(ask_all(bench, range(MOST + 3))) == MOST + 3
    assert bench.turns == [1, MOST, 2]


def test_everybody_of_a_turn_that_failed_is_told_and_the_next_goes_on() -> None:
    bench = Bench()
    assert ask_all(bench, [1, -5, 3]) == {1: 2, -5: "Less than nothing.", 3: "Less than nothing."}
    assert Crowd(bench.work).ask(4) == 8


def test_who_comes_alone_waits_for_nobody() -> None:
    bench = Bench()
    bench.gate.set()
    crowd = Crowd(bench.work)
    assert [crowd.ask(7), crowd.ask(7)] == [14, 14]
    assert bench.turns == [1, 1]
