"""`python -m tests.bench [part …]`: measures, prints one table and writes var/bench.json."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from shared.logging import configure_logging
from shared.paths import ROOT
from tests.bench import (
    delivery,
    hotspots,
    intake,
    lookups,
    million,
    plain,
    readers,
    scaling,
    slow_server,
    spike,
    visits,
)
from tests.bench.cpu import Neighbors
from tests.bench.figures import QUIET_PERCENT, Figure, print_table, wait_until_quiet, write_json
from tests.bench.servers import Servers, servers

PARTS: dict[str, Callable[[Servers], Iterator[Figure]]] = {
    "lookups": lookups.measure,
    "intake": intake.measure,
    "visits": visits.measure,
    "delivery": delivery.measure,
    "plain": plain.measure,
    "slow_server": slow_server.measure,
    "scaling": scaling.measure,
    "spike": spike.measure,
    "readers": readers.measure,
    "million": million.measure,
}
# Missing one of these goals is a question of CPU, so that a profile answers it.
PROFILED = {"intake_ratio", "form_ratio", "delivery_ratio", "cpu_ms_per_letter", "pipeline_vs_plain"}


def main(wanted: list[str]) -> int:
    """Runs the wanted parts, all of them without arguments."""
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"There is no part {', '.join(unknown)}. Parts: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    configure_logging("ERROR")
    # Asked to end, it leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    figures: list[Figure] = []
    failed = False
    with servers() as running:
        for name in wanted or PARTS:
            try:
                figures += _measure(PARTS[name], running, name)
            except Exception as error:  # noqa: BLE001 - the other parts' figures must not be lost
                failed = True
                print(f"{name} could not be measured: {type(error).__name__}: {error}", file=sys.stderr)
        print_table(figures)
        if any(figure.key in PROFILED and not figure.goal.met_by(figure.value) for figure in figures):
            print("\nWhere the CPU goes:")
            for spot in hotspots.find(running):
                print(spot.in_words())
    path = ROOT / "var" / "bench.json"
    write_json(figures, path)
    print(f"\nWritten to {path.relative_to(ROOT)}.")
    return int(failed)


def _measure(part: Callable[[Servers], Iterator[Figure]], running: Servers, name: str) -> list[Figure]:
    """A part's figures, marked when others used the machine before it or meanwhile."""
    quiet = wait_until_quiet()
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    began, neighbors = time.monotonic(), Neighbors()
    figures = list(part(running))
    share = neighbors.share()
    figures = [replace(figure, busy=not quiet or share > QUIET_PERCENT) for figure in figures]
    # At once, so that a run that is cut off has told what it knows.
    words = ", ".join(f"{figure.key} {figure.value:.3g}" for figure in figures)
    print(f"  {time.monotonic() - began:.0f} s, others used {share:.0f} %: {words}", file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
