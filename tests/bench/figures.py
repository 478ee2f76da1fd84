"""One measured figure, the table of them, and whether the machine was quiet enough to believe it."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

# Share of all cores that others may use while we wait to begin.
QUIET_PERCENT = 15.0
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 4.0
TRIES = 3
_WHOLE_FROM = 100


@dataclass(frozen=True)
class Goal:
    """A figure's promise: at least, or at most, this value."""

    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, value: float) -> bool:
        """True when the value keeps the promise."""
        enough = self.at_least is None or value >= self.at_least
        return enough and (self.at_most is None or value <= self.at_most)

    def in_words(self) -> str:
        """`≥ 2,000` or `≤ 5`; empty without a promise."""
        if self.at_least is not None:
            return f"≥ {self.at_least:,g}"
        return f"≤ {self.at_most:,g}" if self.at_most is not None else ""


@dataclass(frozen=True)
class Figure:
    """`value` in `unit`; `busy` when others used the machine meanwhile, so that the value says little."""

    key: str
    value: float
    unit: str
    goal: Goal = Goal()
    note: str = ""
    busy: bool = False


def wait_until_quiet() -> bool:
    """Waits up to three looks for a machine that others leave alone; False when it stayed busy."""
    for number in range(TRIES):
        if number:
            time.sleep(_PAUSE_SECONDS)
        if psutil.cpu_percent(interval=_LOOK_SECONDS) <= QUIET_PERCENT:
            return True
    return False


def print_table(figures: Iterable[Figure], write: Callable[[str], object] = print) -> None:
    """One line a figure."""
    rows = [("key", "value", "unit", "goal", "", "note")]
    for figure in figures:
        verdict = " ".join(filter(None, (_verdict(figure), "busy" if figure.busy else "")))
        rows.append((figure.key, _digits(figure.value), figure.unit, figure.goal.in_words(), verdict, figure.note))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        key, value, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        write("  ".join([key, value.strip().rjust(widths[1]), *rest]).rstrip())


def write_json(figures: Iterable[Figure], path: Path) -> None:
    """The same for programs, with the machine it was measured on."""
    machine = {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    values = {
        figure.key: {
            "value": figure.value,
            "unit": figure.unit,
            "goal": figure.goal.in_words(),
            "met": figure.goal.met_by(figure.value),
            "busy": figure.busy,
            "note": figure.note,
        }
        for figure in figures
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, "figures": values}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _digits(value: float) -> str:
    """Three digits or more, never in powers of ten."""
    return f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.3g}"


def _verdict(figure: Figure) -> str:
    if not figure.goal.in_words():
        return ""
    return "met" if figure.goal.met_by(figure.value) else "MISSED"
