"""`python -m tests.bench.compare BASE [part …]`: measures this checkout and another commit in turn, and compares.

Runs alternate, so that a machine that grows slower or faster meanwhile changes both sides alike: what counts is the
ratio of each pair. A figure is worse when its median ratio and more than three quarters of its pairs say so.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.paths import ROOT

PAIRS = 7
_PARTS = ("intake", "visits", "delivery")
_LOCK = "requirements-dev.txt"
_LONGEST_RUN_SECONDS = 900
# Profiles and the growth of memory take minutes, and are compared with goals: `make bench`.
_QUICKLY = """
import sys
from tests.bench import __main__ as bench, delivery
bench.PROFILED, delivery._GROW_SECONDS = set(), 0.0
sys.exit(bench.main(sys.argv[1:]))
"""
# Figures in these units are better when they are lower.
_LOWER_IS_BETTER = ("ms", "s", "MB")
_LEFT_OUT = ("memory_growth",)
# A difference of less is never called worse.
_TOLERANCE = 0.02


@dataclass
class Comparison:
    """One figure's values on both sides, pair by pair."""

    unit: str
    lower_is_better: bool
    base: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Ours divided by the base's, pair by pair."""
        return [ours / base for ours, base in zip(self.ours, self.base, strict=True) if base]

    @property
    def is_worse(self) -> bool:
        """True when the difference is beyond the spread of the pairs."""
        losses = [(ratio - 1 if self.lower_is_better else 1 - ratio) for ratio in self.ratios]
        lost = sum(loss > 0 for loss in losses)
        return statistics.median(losses) > _TOLERANCE and lost > 0.75 * len(losses)


def main(arguments: Sequence[str]) -> int:
    """Prints a line for each figure; returns 1 when one is worse beyond the spread."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compare")
    parser.add_argument("base", help="the commit to compare with")
    parser.add_argument("parts", nargs="*", default=list(_PARTS))
    parser.add_argument("--pairs", type=int, default=PAIRS)
    wanted = parser.parse_args(arguments)
    figures: dict[str, Comparison] = {}
    with checkout(wanted.base) as base:
        for number in range(wanted.pairs):
            # The side that runs first changes, so that neither always meets a warm machine.
            sides = (base, ROOT) if number % 2 == 0 else (ROOT, base)
            measured = {side: measure(side, wanted.parts) for side in sides}
            for key, (value, unit) in measured[ROOT].items():
                if key in measured[base]:
                    one = figures.setdefault(key, Comparison(unit, unit in _LOWER_IS_BETTER))
                    one.base.append(measured[base][key][0])
                    one.ours.append(value)
            print(f"pair {number + 1} of {wanted.pairs}", file=sys.stderr, flush=True)
            print_comparison(figures)
    return int(any(one.is_worse for one in figures.values()))


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """Another commit's files beside this checkout, with an environment of their own where the packages differ."""
    with tempfile.TemporaryDirectory(prefix="dr-base-", dir="/tmp") as folder:
        base = Path(folder) / "base"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", base, commit], cwd=ROOT, check=True)
        try:
            if (base / _LOCK).read_bytes() == (ROOT / _LOCK).read_bytes():
                (base / ".venv").symlink_to(ROOT / ".venv")
            else:
                subprocess.run([sys.executable, "bootstrap.py", "--dev"], cwd=base, check=True)
            Path(folder).chmod(0o711)
            yield base
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", base], cwd=ROOT, check=True)


def measure(side: Path, parts: Sequence[str]) -> dict[str, tuple[float, str]]:
    """One run of the bench in a checkout: value and unit of each figure."""
    command = [side / ".venv" / "bin" / "python", "-c", _QUICKLY, *parts]
    subprocess.run(command, cwd=side, check=True, stdout=subprocess.DEVNULL, timeout=_LONGEST_RUN_SECONDS * len(parts))
    content = json.loads((side / "var" / "bench.json").read_text(encoding="utf-8"))
    return {
        key: (figure["value"], figure["unit"]) for key, figure in content["figures"].items() if key not in _LEFT_OUT
    }


def print_comparison(figures: dict[str, Comparison]) -> None:
    """Medians of both sides, the median ratio with its lowest and highest, and the verdict."""
    width = max(map(len, figures), default=0)
    for key, one in figures.items():
        ratios = one.ratios
        base, ours = statistics.median(one.base), statistics.median(one.ours)
        spread = f"× {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        verdict = "WORSE" if one.is_worse else "not worse"
        print(f"{key.ljust(width)}  {base:10,.3f} → {ours:10,.3f} {one.unit:3} {spread}  {verdict}", flush=True)


if __name__ == "__main__":
    if shutil.which("git") is None:
        sys.exit("This comparison needs git.")
    sys.exit(main(sys.argv[1:]))
