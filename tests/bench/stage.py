"""A whole installation for one part: a database with a made-up state, a live campaign, a sink, real processes."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
import requests
from sqlalchemy import Engine, text

from shared.db import campaigns
from shared.domain.places import HomeAddress
from shared.domain.states import CampaignState
from shared.local import processes
from shared.local.broker import free_port
from shared.paths import ROOT
from shared.queue.celery_app import make_celery
from shared.queue.late_ring import LateRing
from shared.queue.names import QueueName
from shared.queue.ring import Ring, connect_redis
from shared.services.campaigns import import_campaign
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.settings import Settings
from tests.bench import synthetic_state
from tests.bench.servers import Servers, open_engine
from tests.bench.sink_process import SinkProcess, sink_process
from tests.processes import start_web, start_worker, stop
from tests.waiting import wait_until

ADDRESSES = 20_000
HOUSE = [f"{n} Bench" for n in range(1, 161)]
SENATE = [f"Senate {n} Bench" for n in range(1, 41)]
CAMPAIGN = ROOT / "campaigns" / "cooperative-ma.md"
# The two kinds of worker process in `Procfile`, with its number of threads.
WORKER = (QueueName.LOOKUP, QueueName.DELIVERY)
BACKGROUND = (QueueName.LETTERS, QueueName.RETRY, QueueName.RECEIPTS, QueueName.MAIL, QueueName.PERIODIC)
THREADS = 8
_START_SECONDS = 30.0
# Each state by itself, so that its partial index answers.
_RESTLESS = {
    "submissions": "SELECT EXISTS (SELECT 1 FROM submission WHERE state IN ('draft', 'looking_up'))"
    " OR EXISTS (SELECT 1 FROM submission WHERE state = 'ready' AND accepted_at IS NOT NULL"
    " AND expected_letters IS NULL)",
    # Some emails are planned for weeks from now.
    **{
        f"{table}s": f"SELECT EXISTS (SELECT 1 FROM {table} WHERE state IN ('queued', 'deferred')"
        f" AND due_at < now() + interval '1 minute') OR EXISTS (SELECT 1 FROM {table} WHERE state = 'sending')"
        for table in ("letter", "follow_up")
    },
}


@dataclass
class Stage:
    """What a part works with. Processes started here end with it."""

    servers: Servers
    room: Path
    engine: Engine
    settings: Settings
    sink: SinkProcess
    slug: str
    campaign_id: int
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start_web(self, app: str = "web.wsgi:app", probe: str = "/health/live") -> tuple[int, int]:
        """The web tier, or another app with the same server and settings; its port and process."""
        port = free_port()
        process = start_web(self.settings, self.room / "web.log", port, app=app)
        self.started.append(process)
        wait_for_web(port, probe, self.room / "web.log")
        return port, process.pid

    def start_worker(self, queues: Sequence[QueueName] = WORKER) -> int:
        """A worker process as `Procfile` starts it; its process."""
        process = start_worker(self.settings, self.room / "worker.log", queues=queues, threads=THREADS)
        self.started.append(process)
        return process.pid

    def server_pids(self) -> dict[str, int]:
        """The roots of the trees that PostgreSQL and the broker are."""
        pairs = {"PostgreSQL": self.servers.postgres.pid_file, "broker": self.servers.broker.pid_file}
        return {name: process.pid for name, file in pairs.items() if (process := processes.recorded(file))}

    def ring(self) -> Ring:
        """A bell of the bench's own."""
        return Ring(make_celery(self.settings), connect_redis(self.settings.redis_url))

    def late_ring(self) -> LateRing:
        """A bell as the web tier rings it."""
        return LateRing(make_celery(self.settings), connect_redis(self.settings.redis_url))

    def rests(self, *kinds: str) -> bool:
        """True when nothing of these kinds has anything ahead of it, of all kinds without arguments."""
        with self.engine.connect() as connection:
            return not any(connection.scalar(text(_RESTLESS[kind])) for kind in kinds or _RESTLESS)

    def settle(self, seconds: float, *kinds: str) -> float:
        """Waits until it rests; how long that took. Raises TimeoutError."""
        began = time.monotonic()
        wait_until(lambda: self.rests(*kinds), seconds, f"{', '.join(kinds or _RESTLESS)} to be done")
        return time.monotonic() - began

    def execute(self, statement: str, values: Mapping[str, object] | None = None) -> None:
        """One statement that is committed."""
        with self.engine.begin() as connection:
            connection.execute(
                text(f"SET LOCAL statement_timeout = 0; {statement}" if not values else statement), values
            )

    def stop_processes(self) -> None:
        """Ends web and workers, servers stay."""
        while self.started:
            stop(self.started.pop())


@contextmanager
def stage(servers: Servers, name: str, *, sink_seconds: float = 0.0, log_level: str = "INFO") -> Iterator[Stage]:
    """Set up for as long as the block runs."""
    url = servers.new_database(name)
    room = servers.room / name
    room.mkdir()
    client = redis.Redis.from_url(servers.broker.url())
    client.flushall()
    client.close()
    engine = open_engine(url)
    with sink_process(sink_seconds) as sink:
        settings = Settings(
            database_url=url,
            redis_url=servers.broker.url(),
            secret_key="bench" * 8,
            environment="test",
            mail_relay_url=sink.url,
            mailbox_url=sink.url,
            var=room / "var",
            log_level=log_level,
            # Nobody here is a person.
            fastest_send=0.0,
            email_limit="off",
        )
        _import_state(engine, room)
        slug, campaign_id = _open_campaign(engine)
        running = Stage(servers, room, engine, settings, sink, slug, campaign_id)
        try:
            yield running
        finally:
            running.stop_processes()
            engine.dispose()


def addresses() -> list[HomeAddress]:
    """All that the state has."""
    return list(synthetic_state.addresses(ADDRESSES, ADDRESSES))


def wait_for_web(port: int, path: str, log: Path) -> None:
    """Returns when it answers with success."""
    wait_until(lambda: _is_up(f"http://127.0.0.1:{port}{path}"), _START_SECONDS, f"the web tier; see {log}")


def _is_up(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False


def _import_state(engine: Engine, room: Path) -> None:
    synthetic_state.write_points(room / "points.csv", ADDRESSES)
    synthetic_state.write_roster(room / "members.csv", HOUSE, SENATE)
    synthetic_state.write_districts(room / "house.geojson", 16, 10, HOUSE, "lower")
    synthetic_state.write_districts(room / "senate.geojson", 8, 5, SENATE, "upper")
    import_legislators(engine, room / "members.csv", "ma")
    import_districts(engine, room / "house.geojson", "ma")
    import_districts(engine, room / "senate.geojson", "ma")
    import_addresses(engine, room / "points.csv", "ma")


def _open_campaign(engine: Engine) -> tuple[str, int]:
    """The first campaign, live, whose letters leave at once."""
    stored = import_campaign(engine, CAMPAIGN.read_text(encoding="utf-8"), name=CAMPAIGN.name)
    with engine.begin() as connection:
        campaigns.write_state(connection, stored, CampaignState.LIVE, actor="bench")
        connection.execute(text("UPDATE campaign SET undo_minutes = 0"))
    return stored.campaign.slug, stored.id
