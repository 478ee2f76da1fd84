"""How fast and how large lookups are: 3.5 million made-up address points and, where it is, Massachusetts' data."""

import csv
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from shared.domain.places import Chamber, HomeAddress
from shared.paths import ROOT
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.lookup import look_up, look_up_many
from shared.services.lookup.directory import load_directory
from shared.services.make_letters import BATCH
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.bench import synthetic_state
from tests.bench.figures import Figure, Goal
from tests.bench.servers import Servers, open_engine
from tests.factories import make_campaign, make_supporter
from tests.processes import start_worker, stop

BOTH = (Chamber.LOWER, Chamber.UPPER)
POINTS = 3_500_000
_LOOKUPS = 10_000
_ROUNDS = 5
_MB = 1_048_576
MASSACHUSETTS = ROOT.parent / "shared" / "data" / "ma"
_TABLE_SIZE = text("SELECT pg_total_relation_size('address_point') + pg_total_relation_size('street')")
HOUSE = [f"{n} Bench" for n in range(1, 161)]
SENATE = [f"Senate {n} Bench" for n in range(1, 41)]


def measure(servers: Servers) -> Iterator[Figure]:
    """All figures on lookups."""
    count = int(os.environ.get("BENCH_POINTS", POINTS))
    url = servers.new_database("many_points")
    settings = Settings(database_url=url, redis_url=servers.broker.url(), secret_key="bench" * 8, environment="test")
    yield from _import(url, servers.room, count)
    engine = open_engine(url)
    _import_state(engine, servers.room)
    yield from _look_up(engine, settings, list(synthetic_state.addresses(_LOOKUPS, count)))
    if MASSACHUSETTS.is_dir():
        real = _massachusetts(servers)
        yield _districts(real, "the real shapes of Massachusetts")
        yield _worker_memory(servers, real)
        real.dispose()
    else:
        yield _districts(engine, "made-up shapes")
    engine.dispose()


def _import(url: str, room: Path, count: int) -> Iterator[Figure]:
    """In a process of its own, so that its memory is its own."""
    path = room / "points.csv"
    synthetic_state.write_points(path, count)
    code = f"from tests.bench.lookups import import_points; import_points({url!r}, {str(path)!r})"
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        with_memory = psutil.Process(process.pid)
        peak = max(peak, with_memory.memory_info().rss)
        time.sleep(0.2)
    seconds = time.perf_counter() - started
    engine = open_engine(url)
    with engine.connect() as connection:
        size = connection.scalar(
            text("SELECT pg_total_relation_size('address_point') + pg_total_relation_size('street')")
        )
    engine.dispose()
    note = f"{count:,} address points"
    yield Figure("import_s", seconds, "s", note=f"{note}, {count / seconds:,.0f}/s")
    yield Figure("import_memory_mb", peak / _MB, "MB", Goal(at_most=400), note)
    yield Figure("address_tables_mb", int(size or 0) / _MB, "MB", note=f"{note}, with indexes")


def import_points(url: str, path: str) -> None:
    """What the process above does."""
    engine = open_engine(url)
    import_addresses(engine, Path(path), "ma")
    engine.dispose()


def _import_state(engine: Engine, room: Path) -> None:
    synthetic_state.write_roster(room / "members.csv", HOUSE, SENATE)
    synthetic_state.write_districts(room / "house.geojson", 16, 10, HOUSE, "lower")
    synthetic_state.write_districts(room / "senate.geojson", 8, 5, SENATE, "upper")
    import_legislators(engine, room / "members.csv", "ma")
    import_districts(engine, room / "house.geojson", "ma")
    import_districts(engine, room / "senate.geojson", "ma")


def _look_up(engine: Engine, settings: Settings, typed: Sequence[HomeAddress]) -> Iterator[Figure]:
    """Each round asks addresses that no round has asked before, so that the cache has none of them."""
    share = len(typed) // (2 * _ROUNDS)
    parts = [typed[start : start + share] for start in range(0, 2 * _ROUNDS * share, share)]
    look_up(engine, settings, "ma", BOTH, typed[-1])
    batched = [_rate(share, lambda part=part: _in_batches(engine, settings, part)) for part in parts[:_ROUNDS]]
    times = []
    for address in (address for part in parts[_ROUNDS:] for address in part):
        started = time.perf_counter()
        look_up(engine, settings, "ma", BOTH, address)
        times.append((time.perf_counter() - started) * 1_000)
    cached = [
        _rate(len(typed), lambda: [look_up(engine, settings, "ma", BOTH, one) for one in typed]) for _ in range(_ROUNDS)
    ]
    note = f"one thread, batches of {BATCH} as a worker takes them"
    yield Figure("lookups_per_s", statistics.median(batched), "1/s", Goal(at_least=2_000), note)
    yield Figure("cached_lookups_per_s", statistics.median(cached), "1/s", Goal(at_least=10_000), "one thread")
    yield Figure("lookup_p50_ms", statistics.median(times), "ms", note="a single lookup, not cached")
    yield Figure("lookup_p99_ms", statistics.quantiles(times, n=100)[98], "ms", Goal(at_most=5), "the same")


def _in_batches(engine: Engine, settings: Settings, typed: Sequence[HomeAddress]) -> None:
    for start in range(0, len(typed), BATCH):
        results = look_up_many(engine, settings, "ma", BOTH, typed[start : start + BATCH])
        assert all(result.offices for result in results)


def _districts(engine: Engine, shapes: str) -> Figure:
    with engine.connect() as connection:
        index = load_directory(connection, "ma").index
    points = [(41.5 + n % 97 / 80, -73.2 + n % 89 / 30) for n in range(_LOOKUPS)]
    rates = [_rate(len(points), lambda: [index.at(*point, BOTH) for point in points]) for _ in range(_ROUNDS)]
    note = f"point in polygon for both chambers, {shapes}"
    return Figure("districts_per_s", statistics.median(rates), "1/s", Goal(at_least=30_000), note)


def _massachusetts(servers: Servers) -> Engine:
    """All districts, holders and public addresses."""
    engine = open_engine(servers.new_database("massachusetts"))
    import_legislators(engine, MASSACHUSETTS / "legislators.csv", "ma")
    for chamber in ("house", "senate", "congress"):
        import_districts(engine, MASSACHUSETTS / f"{chamber}_districts.geojson.gz", "ma")
    import_addresses(engine, MASSACHUSETTS / "public_addresses.csv", "ma")
    make_campaign(engine)
    return engine


def _worker_memory(servers: Servers, engine: Engine) -> Figure:
    """A worker process after lookups all over the state: a district's shape grows when it is first asked."""
    url = servers.postgres.url("massachusetts")
    settings = Settings(database_url=url, redis_url=servers.broker.url(), secret_key="bench" * 8, environment="test")
    worker = start_worker(settings, servers.room / "worker.log", threads=8)
    try:
        ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
        with (MASSACHUSETTS / "public_addresses.csv").open(encoding="utf-8", newline="") as file:
            for n, row in enumerate(csv.DictReader(file)):
                supporter = make_supporter(f"p{n}@example.org", row["address"])
                home = replace(supporter.address, city=row["city"], zip=row["zip"])
                begin_submission(engine, ring, settings, "co-ops", replace(supporter, address=home))
        _wait_for_lookups(engine)
        memory = psutil.Process(worker.pid).memory_info().rss / _MB
    finally:
        stop(worker)
    return Figure("worker_memory_mb", memory, "MB", Goal(at_most=200), "all of Massachusetts loaded, 8 threads")


def _wait_for_lookups(engine: Engine) -> None:
    ends = time.monotonic() + 60
    query = text("SELECT count(*) FROM submission WHERE state IN ('draft', 'looking_up')")
    while time.monotonic() < ends:
        with engine.connect() as connection:
            if connection.scalar(query) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError("The worker did not finish its lookups within 60 s.")


def _rate(count: int, call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return count / (time.perf_counter() - started)
