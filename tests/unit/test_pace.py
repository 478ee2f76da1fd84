"""How fast a domain is served: batches by its own time, connections while they help, rates kept."""

from dataclasses import replace

import pytest

from shared.domain.pace import (
    BATCH,
    FEWEST_CONNECTIONS,
    FIRST_BATCH,
    FIRST_CONNECTIONS,
    LARGEST_BATCH,
    MOST_CONNECTIONS,
    BatchSummary,
    Pace,
    batch_size,
    break_seconds,
    is_news,
    next_pace,
)
from shared.timing import USUAL


def after(pace: Pace, *, seconds_each: float, batches: int = 1, put_off: int = 0, refused: bool = False) -> Pace:
    for _ in range(batches):
        pace = next_pace(pace, BatchSummary(20, put_off, 20 * seconds_each, refused=refused))
    return pace


@pytest.mark.parametrize(
    ("seconds_each", "size"),
    [(0.0, FIRST_BATCH), (0.001, LARGEST_BATCH), (0.005, 80), (0.04, BATCH), (0.5, 10), (60.0, 1)],
)
def test_batches_are_worth_some_time(seconds_each: float, size: int) -> None:
    assert batch_size(Pace(seconds_per_letter=seconds_each), batch_seconds=5.0) == size


@pytest.mark.parametrize(
    ("seconds_each", "size"),
    [(0.0, 2), (0.001, LARGEST_BATCH), (0.005, 80), (0.02, 20), (0.03, 16), (0.05, 10), (0.2, 2), (0.3, 1), (60.0, 1)],
)
def test_no_batch_holds_more_than_half_a_second_of_a_servers_work(seconds_each: float, size: int) -> None:
    assert batch_size(Pace(seconds_per_letter=seconds_each), batch_seconds=USUAL.batch) == size
    assert size == 1 or size * seconds_each <= 0.5


def test_a_rate_bounds_every_batch() -> None:
    assert batch_size(Pace(200, 3.7, seconds_per_letter=0.001), batch_seconds=5.0) == 3


@pytest.mark.parametrize(("seconds_each", "connections"), [(0.001, 2), (0.02, 3), (0.05, 8), (1.0, MOST_CONNECTIONS)])
def test_connections_follow_the_servers_own_time(seconds_each: float, connections: int) -> None:
    assert after(Pace(), seconds_each=seconds_each, batches=200).connections == connections


def test_one_connection_more_after_each_good_batch() -> None:
    assert after(Pace(), seconds_each=1.0).connections == FIRST_CONNECTIONS + 1


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (Pace(connections=45, seconds_per_letter=0.3), Pace(connections=45, seconds_per_letter=0.31), False),
        (Pace(connections=45, seconds_per_letter=0.3), Pace(connections=43, seconds_per_letter=0.29), False),
        (Pace(connections=45, seconds_per_letter=0.3), Pace(connections=46, seconds_per_letter=0.3), True),
        (Pace(connections=45, seconds_per_letter=0.3), Pace(connections=22, seconds_per_letter=0.3), True),
        (Pace(connections=45, seconds_per_letter=0.3), Pace(connections=45, seconds_per_letter=0.4), True),
        (Pace(connections=5), Pace(connections=5, seconds_per_letter=0.001), True),
        (Pace(failures=1, seconds_per_letter=0.3), Pace(failures=0, seconds_per_letter=0.3), True),
    ],
)
def test_what_only_confirms_is_not_written(before: Pace, after: Pace, *, is_told: bool) -> None:
    assert is_news(before, after) is is_told


def test_who_puts_us_off_gets_fewer_connections_and_wins_them_back() -> None:
    busy = after(Pace(connections=16), seconds_each=1.0, put_off=1)
    assert busy.connections == 8
    assert after(busy, seconds_each=1.0, batches=3).connections == 11


def test_a_refusal_opens_the_breaker_longer_each_time() -> None:
    refused = after(Pace(), seconds_each=0.0, batches=3, refused=True)
    assert refused.failures == 3
    assert break_seconds(refused, first=60.0) == 240.0
    assert after(refused, seconds_each=0.001).failures == 0


def test_never_without_a_connection() -> None:
    assert after(Pace(), seconds_each=1.0, batches=20, put_off=1).connections == 1
    assert after(Pace(connections=1), seconds_each=0.001).connections == FEWEST_CONNECTIONS


@pytest.mark.parametrize(
    ("seconds_per_letter", "connections"), [(0.0, 1), (0.5, 1), (6.0, 1), (6.1, 2), (29.0, 5), (600.0, 5)]
)
def test_a_domain_that_is_tried_gets_as_few_connections_as_its_letters_need(
    seconds_per_letter: float, connections: int
) -> None:
    pace = Pace(connections=5, seconds_per_letter=seconds_per_letter, allowance=300)
    assert pace.usable_connections == connections
    assert replace(pace, allowance=None).usable_connections == 5
