"""One reading of one campaign file: the text, and every problem found in it."""

import re

from shared.domain.merge_fields import MergeField, find_problems


class Draft:
    """One reading of one file: collects every problem, so that the organizer mends them all at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[str] = []

    def problem(self, words: str, line: int | None = None) -> None:
        """Notes a fault; `line` counts from 1 in the file."""
        self.problems.append(f"line {line}: {words}" if line else words)

    def line_of(self, key: str) -> int | None:
        """The line on which the head sets `key`."""
        found = re.search(rf"^[ \t]*(?:\[\[)?{re.escape(key)}\b", self.text, re.MULTILINE)
        return self.text.count("\n", 0, found.start()) + 1 if found else None

    def check_fields(self, template: str, allowed: frozenset[MergeField], where: str, line: int) -> None:
        """Notes every unknown field of a text that begins on `line` of the file."""
        for offset, words in find_problems(template, allowed=allowed):
            self.problem(f"{words} (in {where})", line + offset - 1)
