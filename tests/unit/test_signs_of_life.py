"""When the signs of life of a receiving domain have collapsed, and when they have come back."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.signs_of_life import Bucket, Collapse, Counted, find_collapse, still_collapsed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# Of each mailbox, so many days ago: letters, and those with a sign.
Days = Sequence[tuple[float, int, int]]


def domain(days: Days, *, mailboxes: int = 5) -> list[Bucket]:
    """Letters are spread evenly."""
    return [
        Bucket(f"office{number}", NOW - timedelta(days=ago), Counted(letters, with_sign))
        for ago, letters, with_sign in days
        for number in range(mailboxes)
    ]


@pytest.mark.parametrize(
    ("days", "is_silent"),
    [
        ([(0, 120, 0), (9, 100, 20), (20, 80, 16)], True),
        # Within the day on which a crowd writes.
        ([(0, 400, 2), (0.25, 300, 60), (0.5, 40, 8)], True),
        ([(0, 120, 20), (9, 100, 20)], False),
        ([(0, 120, 10), (9, 100, 20)], False),
        # Few letters lately, or few signs ever, tell nothing.
        ([(0, 15, 0), (9, 100, 20)], False),
        ([(0, 120, 0), (9, 1_000, 20)], False),
        ([(0, 120, 0), (9, 9, 9)], False),
        ([(0, 120, 0)], False),
        ([], False),
        # Quiet days count together, until they can tell, for a week.
        ([(0, 15, 0), (2, 15, 0), (4, 15, 0), (9, 100, 20)], True),
        ([(0, 15, 0), (3, 2, 0), (10, 15, 0), (12, 15, 0), (19, 100, 20)], False),
        # What is normal again, whatever was before.
        ([(0, 40, 8), (1, 120, 0), (9, 100, 20)], False),
    ],
)
def test_a_collapse_is_told_from_chance(days: Days, is_silent: bool) -> None:
    assert (find_collapse(domain(days)) is not None) == is_silent


def test_letters_are_compared_with_what_their_own_mailboxes_did() -> None:
    """This week the campaign writes to offices that never reply automatically; nothing is wrong."""
    replying = domain([(9, 200, 190)])
    others = [Bucket(f"quiet{number}", NOW, Counted(500, 2)) for number in range(8)]
    before = [Bucket(f"quiet{number}", NOW - timedelta(days=9), Counted(50, 0)) for number in range(8)]
    assert find_collapse([*replying, *others, *before]) is None
    assert find_collapse([*replying, *domain([(0, 20, 0)]), *others, *before]) is not None


@pytest.mark.parametrize(("stopped", "is_silent"), [(2, False), (3, True)])
def test_one_or_two_offices_that_switch_their_replies_off_are_no_collapse(stopped: int, is_silent: bool) -> None:
    buckets = domain([(0, 100, 0), (9, 100, 90)], mailboxes=stopped)
    assert (find_collapse(buckets) is not None) == is_silent


def test_offices_that_differ_raise_no_alarm() -> None:
    """Some always reply, the others hardly ever, and each week the campaign writes to a few of them."""
    rng = random.Random(7)
    for targets in (1, 3, 8, 20):
        share = {f"office{number}": 1.0 if rng.random() < 0.2 else 0.01 for number in range(100)}
        for _ in range(10):
            buckets = [
                Bucket(
                    name,
                    NOW - timedelta(days=7 * week),
                    Counted(100, sum(rng.random() < share[name] for _ in range(100))),
                )
                for week in range(8)
                for name in rng.sample(sorted(share), targets)
            ]
            assert find_collapse(buckets) is None


def test_a_collapse_says_when_it_began_and_what_was_due() -> None:
    found = find_collapse(domain([(0, 120, 1), (9, 98, 20)]))
    assert found == Collapse(NOW, Counted(600, 5), 120)
    assert found.words == "5 of 600 letters (0.8%), where earlier letters lead us to expect about 120"


def test_an_alarm_stays_until_half_of_the_signs_are_back() -> None:
    before: Days = [(9, 98, 20)]
    for later, has_ended in (((-1, 100, 0), False), ((-1, 100, 6), False), ((-1, 100, 12), True), ((-1, 5, 1), False)):
        buckets = domain([later, (0, 120, 1), *before])
        assert (still_collapsed(buckets, NOW) is None) == has_ended, later
    # Silence becomes no habit, however long it lasts.
    buckets = domain([*((-day, 100, 0) for day in range(1, 40)), (0, 120, 1), *before])
    assert still_collapsed(buckets, NOW) is not None


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
