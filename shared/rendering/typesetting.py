"""Breaks lines and chooses sizes for pictures and PDFs: shrinks what is long, balances what is short."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The width of a text at a size, in pixels or points.
Measure = Callable[[str, float], float]
_NEVER_FIRST = frozenset("，。、；：！？）】」』》〉,.;:!?)”’")
_NARROWER = 0.97
# From one line to the next, in sizes of the letters.
LEADING = 1.18
_ALMOST = 0.01


@dataclass(frozen=True)
class SetText:
    """Lines at one size; `is_whole` unless the end had to be left out."""

    lines: tuple[str, ...]
    size: float
    is_whole: bool = True

    @property
    def height(self) -> float:
        """Of all lines."""
        return len(self.lines) * self.size * LEADING


def set_text(text: str, sizes: Sequence[float], width: float, height: float, measure: Measure) -> SetText:
    """The text at the largest of the sizes (largest first) at which it fits; cut off with an ellipsis at the last."""
    for size in sizes:
        lines = wrap(text, size, width, measure)
        if len(lines) <= _room(size, height) and _words_are_whole(text, lines):
            return SetText(_balance(text, lines, size, width, measure), size)
    size = sizes[-1]
    lines, room = wrap(text, size, width, measure), _room(size, height)
    if len(lines) <= room:
        return SetText(tuple(lines), size)
    last = _cut(lines[room - 1], size, width, measure)
    return SetText((*lines[: room - 1], last), size, is_whole=False)


def _room(size: float, height: float) -> int:
    """How many lines have a place; one has it always."""
    return max(1, int(height / (size * LEADING) + _ALMOST))


def wrap(text: str, size: float, width: float, measure: Measure) -> list[str]:
    """Lines of one size, each as full as it gets."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if measure(longer, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _break_word(word, size, width, measure)
        lines += full
    return [*lines, line] if line else lines


def _break_word(word: str, size: float, width: float, measure: Measure) -> list[str]:
    """Chinese has no blanks, and some words are wider than a line; a comma never begins one."""
    parts, part = [], ""
    for sign in word:
        if part and sign not in _NEVER_FIRST and measure(part + sign, size) > width:
            parts.append(part)
            part = ""
        part += sign
    return [*parts, part]


def _words_are_whole(text: str, lines: Sequence[str]) -> bool:
    """Smaller letters rather than a broken word; text that is not in Latin letters may break anywhere."""
    return " ".join(lines) == " ".join(text.split()) or any(ord(sign) > ord("\u2e7f") for sign in text)


def _balance(text: str, lines: list[str], size: float, width: float, measure: Measure) -> tuple[str, ...]:
    """The same number of lines, as even as they come: no single word is left for the last."""
    best = lines
    while len(lines) > 1:
        width *= _NARROWER
        tried = wrap(text, size, width, measure)
        if len(tried) > len(lines) or not _words_are_whole(text, tried):
            break
        best = tried
    return tuple(best)


def _cut(line: str, size: float, width: float, measure: Measure) -> str:
    while line and measure(f"{line}…", size) > width:
        line = line[:-1].rstrip()
    return f"{line}…"
