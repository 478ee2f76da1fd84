"""Classes of counts for a map: a few steps with round limits, named in words. Pure arithmetic."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CLASSES = 5
_ROUND = (1, 2, 3, 5, 10)


@dataclass(frozen=True)
class Shade:
    """Counts from `least` to `most`; `most` None for everything above. Number 0 stands for no letter at all."""

    number: int
    least: int
    most: int | None

    @property
    def words(self) -> str:
        """For the legend."""
        if self.number == 0:
            return "No letters"
        if self.most is None:
            return f"{self.least:,} or more"
        return f"{self.least:,}" if self.most == self.least else f"{self.least:,} to {self.most:,}"


def make_shades(counts: Iterable[int]) -> list[Shade]:
    """None, and up to five steps that grow by about the same factor up to the largest count."""
    most = max(counts, default=0)
    if not most:
        return [Shade(0, 0, 0)]
    limits = [1]
    for step in range(1, CLASSES):
        limit = _rounded(most ** (step / CLASSES))
        if limits[-1] < limit <= most:
            limits.append(limit)
    ends = [limit - 1 for limit in limits[1:]]
    steps = [
        Shade(number, least, end) for number, (least, end) in enumerate(zip(limits, [*ends, None], strict=True), 1)
    ]
    return [Shade(0, 0, 0), *steps]


def shade_of(shades: Sequence[Shade], count: int) -> int:
    """The number of the step that a count falls into."""
    return max((shade.number for shade in shades if shade.least <= count), default=0)


def nice_top(largest: int) -> int:
    """The end of a chart's axis: the next whole of a round step of which about four reach it."""
    if largest <= 4:  # noqa: PLR2004 - one line for each letter
        return max(1, largest)
    power = 10 ** math.floor(math.log10(largest / 4))
    steps = (power * tenths // 10 for tenths in (10, 20, 25, 50, 100) if power * tenths % 10 == 0)
    step: int = next(step for step in steps if step >= largest / 4)
    return step * math.ceil(largest / step)


def _rounded(value: float) -> int:
    """To the nearest of the round numbers, by factor."""
    power: int = 10 ** math.floor(math.log10(value))
    return int(min((one * power for one in _ROUND), key=lambda one: abs(math.log(one / value))))
