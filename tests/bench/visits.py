"""What a whole visit costs: campaign page, address, letter page with its polls, Send, status page, all emails."""

from collections.abc import Iterator

from shared.domain.places import HomeAddress
from tests.bench.browsers import Browsers
from tests.bench.cpu import tree_seconds
from tests.bench.figures import Figure, Goal
from tests.bench.load import play
from tests.bench.servers import Servers
from tests.bench.stage import BACKGROUND, WORKER, Stage, addresses, stage

_WARM, _VISITS = 40, 400
_LETTERS = 2
# As on an action day: enough visitors to keep the machine at work, few enough that the second poll is answered.
_VISITORS = 32


def measure(servers: Servers) -> Iterator[Figure]:
    """One crowd gives both figures."""
    with stage(servers, "visits") as here:
        browsers, homes = Browsers(here), addresses()
        port, web = here.start_web()
        trees = {"web": [web], "workers": [here.start_worker(WORKER), here.start_worker(BACKGROUND)]}
        trees |= {name: [pid] for name, pid in here.server_pids().items()}
        _visit(here, browsers, port, range(_WARM), homes)
        before = {name: sum(map(tree_seconds, pids)) for name, pids in trees.items()}
        had = here.sink.taken()
        _visit(here, browsers, port, range(_WARM, _WARM + _VISITS), homes)
        used = {name: (sum(map(tree_seconds, pids)) - before[name]) * 1_000 for name, pids in trees.items()}
        taken = here.sink.taken()
    letters, others = taken.letters - had.letters, taken.others - had.others
    assert letters == _VISITS * _LETTERS, f"{letters} letters of {_VISITS} visits"
    yield Figure("visit_ms", used["web"] / _VISITS, "ms", note=f"CPU of the web tier, 7 requests, {_VISITS} visits")
    parts = ", ".join(f"{name} {ms / letters:.2f}" for name, ms in used.items())
    note = f"{parts}; {letters / _VISITS:g} letters and {others / _VISITS:g} emails a visit"
    yield Figure("cpu_ms_per_letter", sum(used.values()) / letters, "ms", Goal(at_most=3), note)


def _visit(here: Stage, browsers: Browsers, port: int, numbers: range, homes: list[HomeAddress]) -> None:
    scripts = (browsers.visit(number, homes[number % len(homes)]) for number in numbers)
    play(port, scripts, connections=_VISITORS)
    here.settle(60)
