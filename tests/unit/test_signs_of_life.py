"""When the signs of life of a receiving domain have collapsed."""

import pytest

from shared.domain.signs_of_life import Collapse, Counted, find_collapse


@pytest.mark.parametrize(
    ("days", "is_silent"),
    [
        ([(600, 3), (500, 90), (400, 80)], True),
        ([(600, 0), (600, 100)], True),
        # Answers come as before, or only less often.
        ([(600, 100), (500, 90)], False),
        ([(600, 30), (500, 90)], False),
        # Few letters lately, or few signs ever, tell nothing.
        ([(40, 0), (500, 90)], False),
        ([(600, 0), (5_000, 20)], False),
        ([(600, 0), (90, 90)], False),
        ([(600, 0)], False),
        ([], False),
        # Quiet days count together, until they can tell.
        ([(30, 0), (30, 0), (30, 0), (500, 90)], True),
        ([(5, 0)] * 7 + [(500, 90)], False),
        # What is normal again, whatever was before.
        ([(100, 20), (600, 0), (500, 90)], False),
    ],
)
def test_a_collapse_is_told_from_chance(days: list[tuple[int, int]], is_silent: bool) -> None:
    assert (find_collapse([Counted(*day) for day in days]) is not None) == is_silent


def test_the_latest_letters_are_compared_with_those_before() -> None:
    found = find_collapse([Counted(600, 3), Counted(500, 90), Counted(400, 80)])
    assert found == Collapse(Counted(600, 3), Counted(900, 170))


@pytest.mark.parametrize(
    ("counted", "words"),
    [
        (Counted(1_204, 3), "3 of 1,204 letters (0.2%)"),
        (Counted(1, 1), "1 of 1 letter (100.0%)"),
        (Counted(), "0 of 0 letters (0.0%)"),
    ],
)
def test_a_share_in_words(counted: Counted, words: str) -> None:
    assert counted.words == words
