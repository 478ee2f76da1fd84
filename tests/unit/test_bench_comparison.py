"""When a comparison of two commits calls a figure worse."""

import pytest

from tests.bench.compare import Comparison


@pytest.mark.parametrize(
    ("base", "ours", "lower_is_better", "is_worse"),
    [
        ([10.0] * 7, [12.0] * 7, True, True),
        ([10.0] * 7, [12.0] * 7, False, False),
        ([10.0] * 7, [8.0] * 7, False, True),
        # A difference that some pairs deny is within the spread.
        ([10.0] * 7, [12.0, 9.0, 12.0, 9.0, 12.0, 9.0, 12.0], True, False),
        ([10.0] * 7, [10.1] * 7, True, False),
    ],
)
def test_worse_is_what_most_pairs_agree_on(
    base: list[float], ours: list[float], lower_is_better: bool, is_worse: bool
) -> None:
    assert Comparison("ms", lower_is_better, base, ours).is_worse is is_worse
