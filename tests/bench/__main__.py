"""`python -m tests.bench [part …]`: measures, prints one table and writes var/bench.json."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from shared.paths import ROOT
from tests.bench import delivery, intake, lookups, plain, slow_server, spike, visits
from tests.bench.figures import Figure, print_table, wait_until_quiet, write_json
from tests.bench.servers import Servers, servers

PARTS: dict[str, Callable[[Servers], Iterator[Figure]]] = {
    "lookups": lookups.measure,
    "intake": intake.measure,
    "visits": visits.measure,
    "delivery": delivery.measure,
    "plain": plain.measure,
    "slow_server": slow_server.measure,
    "spike": spike.measure,
}


def main(wanted: list[str]) -> int:
    """Runs the wanted parts, all of them without arguments."""
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"There is no part {', '.join(unknown)}. Parts: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    with servers() as running:
        for name in wanted or PARTS:
            quiet = wait_until_quiet()
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            figures += [replace(figure, busy=not quiet) for figure in PARTS[name](running)]
    print_table(figures)
    path = ROOT / "var" / "bench.json"
    write_json(figures, path)
    print(f"\nWritten to {path.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
