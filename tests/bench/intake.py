"""What the web tier takes in, beside a bare Flask app on the same server: Send, and the campaign page."""

import itertools
import statistics
from collections import Counter
from collections.abc import Iterator

from tests.bench.browsers import Browsers, get, sends
from tests.bench.cpu import tree_seconds
from tests.bench.figures import Figure, Goal
from tests.bench.load import ask
from tests.bench.servers import Servers
from tests.bench.stage import stage

_ROUNDS = 5
_SECONDS = 2.0
_SENDS = 600


def measure(servers: Servers) -> Iterator[Figure]:
    """Interleaved rounds, with no worker running."""
    with stage(servers, "intake") as here:
        browsers = Browsers(here)
        hello, _ = here.start_web("tests.bench.hello:app", "/")
        port, web = here.start_web()
        trees = {"web": web, **here.server_pids()}
        used: Counter[str] = Counter()
        rounds = [sends(browsers, browsers.drafts(_SENDS)) for _ in range(_ROUNDS + 1)]
        ask(port, rounds.pop()).expect(303)
        bare, pages, posts = [], [], []
        for made in rounds:
            bare.append(ask(hello, itertools.repeat(get("/")), seconds=_SECONDS).expect(200).rate)
            used.subtract({name: tree_seconds(pid) for name, pid in trees.items()})
            posts.append(ask(port, made).expect(303).rate)
            used.update({name: tree_seconds(pid) for name, pid in trees.items()})
            pages.append(ask(port, itertools.repeat(browsers.page()), seconds=_SECONDS).expect(200).rate)
    parts = ", ".join(f"{name} {seconds / _ROUNDS / _SENDS * 1_000:.1f}" for name, seconds in used.items())
    yield _ratio("intake_ratio", posts, bare, 0.15, f"Send, committed and rung (ms of CPU: {parts})")
    yield _ratio("form_ratio", pages, bare, 0.40, "campaign pages, compressed")


def _ratio(key: str, ours: list[float], bare: list[float], goal: float, what: str) -> Figure:
    rate, hello = statistics.median(ours), statistics.median(bare)
    note = f"{rate:,.0f}/s {what} ÷ {hello:,.0f}/s of a bare Flask hello, both with two processes"
    return Figure(key, rate / hello, "×", Goal(at_least=goal), note)
