"""Where the CPU goes: each page of a visit and one hand's delivery under cProfile, summed by package."""

import cProfile
import io
import pstats
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from flask import Flask
from werkzeug.test import EnvironBuilder

from shared.services.delivery import deliver_letters
from tests.bench.browsers import Browsers, Draft, get
from tests.bench.letters import queue_letters
from tests.bench.servers import Servers
from tests.bench.stage import Stage, addresses, stage
from web.app import create_app

_PAGES, _LETTERS = 225, 600
_PACKAGE = re.compile(r"/site-packages/(\w+)|/(shared|web|templates)/|/python3\.\d+/(?!site-)(\w+)")
_OWN = re.compile(r"/((?:shared|web)/[\w/]+\.py)$")
_PACKAGES, _FUNCTIONS = 7, 5
Function = tuple[str, int, str]


@dataclass(frozen=True)
class Spot:
    """Milliseconds of CPU for one of `what`, in packages themselves, and in our functions with all they call."""

    what: str
    ms: float
    packages: list[tuple[str, float]]
    functions: list[tuple[str, float]]

    def in_words(self) -> str:
        """Three lines; shares of the profiled time, because profiling itself makes everything slower."""
        lines = [f"{self.what}: {self.ms:.2f} ms CPU"]
        for name, shares in (("in", self.packages), ("under", self.functions)):
            lines.append(f"  {name} " + ", ".join(f"{where} {share:.0%}" for where, share in shares))
        return "\n".join(lines)


def find(servers: Servers) -> Iterator[Spot]:
    """Pages first, in a visit's order."""
    with stage(servers, "hotspots") as here:
        app = create_app(here.settings, here.engine, here.late_ring())
        for name, requests in _requests(here).items():
            environs = [_environ(request) for request in requests]
            third = len(environs) // 3
            # The first ones load templates and plans.
            _serve(app, environs[:third])
            yield _spot(
                name,
                third,
                lambda part=environs[third : 2 * third]: _serve(app, part),
                lambda part=environs[2 * third :]: _serve(app, part),
            )  # type: ignore[misc]
        yield _delivery(here)


def _requests(here: Stage) -> dict[str, list[bytes]]:
    browsers, homes = Browsers(here), addresses()
    drafts = browsers.drafts(_PAGES)
    sends = [browsers.send(draft) for draft in drafts]
    cookies = [re.search(rb"Cookie: dearrep=(\S+)", send) for send in sends]
    pairs = [(draft, found[1].decode()) for draft, found in zip(drafts, cookies, strict=True) if found]

    def letter(draft: Draft) -> str:
        return f"/c/{here.slug}/letter/{draft.token}"

    return {
        "campaign page": [browsers.page()] * _PAGES,
        "address POST": [browsers.address(number, homes[number]) for number in range(_PAGES)],
        "letter page": [get(letter(draft), cookie) for draft, cookie in pairs],
        "poll with an answer": [get(f"{letter(draft)}?part=1", cookie) for draft, cookie in pairs],
        "Send": sends,
        "status page": [get(f"/s/{draft.token}", cookie) for draft, cookie in pairs],
    }


def _delivery(here: Stage) -> Spot:
    """One hand only, as a profile sees one thread."""
    counts = []
    ring = here.ring()

    def deliver() -> None:
        queue_letters(here, f"hot{len(counts)}", _LETTERS)
        here.execute("UPDATE domain_pace SET connections = 1, seconds_per_letter = 0.001")
        counts.append(deliver_letters(here.engine, ring, here.settings, first_tries=True))

    return _spot("one letter delivered", _LETTERS, deliver, deliver)


def _spot(what: str, count: int, plain: Callable[[], object], profiled: Callable[[], object]) -> Spot:
    """Times the one, profiles the other: a profile's own milliseconds are too many."""
    began = time.process_time()
    plain()
    ms = (time.process_time() - began) / count * 1_000
    profile = cProfile.Profile(time.process_time)
    profile.runcall(profiled)
    packages, functions, total = _sums(profile)
    shares = [(name, seconds / total) for name, seconds in packages.most_common(_PACKAGES)]
    return Spot(what, ms, shares, [(name, seconds / total) for name, seconds in functions.most_common(_FUNCTIONS)])


def _sums(profile: cProfile.Profile) -> tuple[Counter[str], Counter[str], float]:
    packages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    stats: dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(values[2] for values in stats.values())
    for function, (_, _, own, whole, callers) in stats.items():
        if function[0] == "~" and callers:
            # What C does is its callers' time.
            for caller, values in callers.items():
                packages[_package(caller)] += values[2]
        else:
            packages[_package(function)] += own
        found = _OWN.search(function[0])
        if found and whole < 0.9 * total:
            functions[f"{found[1]}:{function[2]}"] += whole
    return packages, functions, total or 1.0


def _package(function: Function) -> str:
    found = _PACKAGE.search(function[0])
    return next(filter(None, found.groups()), "else") if found else "else"


def _serve(app: Flask, environs: list[WSGIEnvironment]) -> None:
    for environ in environs:
        b"".join(app(environ, lambda *_: lambda _: None))


def _environ(request: bytes) -> WSGIEnvironment:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split()
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    path, _, query = path.partition("?")
    environ = EnvironBuilder(path=path, query_string=query, method=method, headers=headers).get_environ()
    near = {"REMOTE_ADDR": "127.0.0.1"}
    return environ | near | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
