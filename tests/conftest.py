"""Fixtures for all tests: real embedded servers, started only by tests that ask, and sockets closed except loopback."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from argon2 import PasswordHasher
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine
from xdist.scheduler import LoadScopeScheduling

from shared.db.engine import make_engine
from shared.db.tables import METADATA
from shared.db.upgrade import upgrade
from shared.local.broker import EmbeddedBroker
from shared.local.postgres import EmbeddedPostgres
from shared.services import organizers
from shared.services.lookup import directory
from shared.services.pictures import drawings
from shared.settings import Settings
from tests.app_caches import share_what_apps_compile
from tests.shuffled_rows import SEED

_PASSWORD = "for-tests-only"
# Tests that share one set of servers, each group in one process.
_TOGETHER = (
    "tests/faults/",
    "tests/browser/console/",
    "tests/browser/",
    "tests/services/test_real_mail_server.py",
    "tests/worker/test_rabbitmq.py",
    "tests/worker/test_worker_metrics.py",
    "tests/local/test_secret_key.py",
)
_LOOPBACK = ("127.", "::1", "localhost")
# How long an example takes is the machine's affair: other tests run beside it.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")
share_what_apps_compile()


_TRUNCATE = "TRUNCATE " + ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
# TRUNCATE makes every table's files anew, which takes thirty times as long for a test's few rows.
_DELETE = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(METADATA.sorted_tables))
_BEGIN_AGAIN = """SELECT setval((quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass, 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL"""


_LARGEST = (
    "SELECT max(pg_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_LARGE_BYTES = 500_000


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Tests go to whichever process is free, those of a group to the same.

    By their folder: since pytest 9.2 pytest-xdist 3.8 no longer sees the marks of its own `loadgroup`.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((group for group in _TOGETHER if nodeid.startswith(group)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


class OutsideConnection(AssertionError):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests talk to this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(_LOOPBACK):
            raise OutsideConnection(f"a test wants to connect to {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Looking at one takes a tenth of a second on purpose, and tests look at thousands."""
    organizers._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def pytest_report_header() -> str:
    return f"rows of unordered queries are shuffled: SHUFFLE_SEED={SEED}"


@pytest.fixture(scope="session")
def engine_room() -> Iterator[Path]:
    """A short folder for the test servers that the database's account can pass through too."""
    base = "/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()
    room = Path(tempfile.mkdtemp(prefix="dr-", dir=base))
    room.chmod(0o755)
    yield room
    # As root the clusters of test checkouts live outside; each ./var points to its own.
    for pointer in room.rglob("postgres-home"):
        shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)
    shutil.rmtree(room, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(engine_room: Path) -> Iterator[EmbeddedPostgres]:
    """A fresh cluster for this test process (each xdist worker has its own)."""
    server = EmbeddedPostgres(engine_room / "pg", password=_PASSWORD, log=engine_room / "postgres.log", durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: EmbeddedPostgres) -> str:
    """A database at the newest migration."""
    url = postgres_server.url()
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    """The one engine of this test process; what the migrations put into tables is gone, as after each test."""
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(_DELETE)
        connection.exec_driver_sql(_BEGIN_AGAIN)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def pages_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees what it has just changed."""
    monkeypatch.setattr("web.app.PAGE_KEPT_SECONDS", 0.0)


@pytest.fixture
def engine(postgres_engine: Engine) -> Iterator[Engine]:
    """A database whose tables are empty before and after the test."""
    # Numbers begin again with every test, so that what was read for the last one would look the same.
    directory._LOADED.clear()
    drawings._READ.clear()
    yield postgres_engine
    with postgres_engine.begin() as connection:
        is_large = connection.exec_driver_sql(_LARGEST).scalar_one() > _LARGE_BYTES
        connection.exec_driver_sql(_TRUNCATE if is_large else _DELETE)
        connection.exec_driver_sql(_BEGIN_AGAIN)


@pytest.fixture
def empty_database_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A database of its own without any table, for tests of migrations."""
    name = "empty_for_a_test"
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres_server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def broker_server(engine_room: Path) -> Iterator[EmbeddedBroker]:
    """A broker for this test process."""
    server = EmbeddedBroker(engine_room / "broker", password=_PASSWORD, log=engine_room / "broker.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(broker_server: EmbeddedBroker) -> str:
    """An empty broker."""
    client = redis.Redis.from_url(broker_server.url())
    client.flushall()
    client.close()
    return broker_server.url()


@pytest.fixture
def settings(postgres_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings as a composition root would make them, for real servers on this machine."""
    return Settings(
        database_url=postgres_url,
        redis_url=redis_url,
        secret_key="0123456789abcdef" * 4,
        environment="test",
        var=tmp_path / "var",
        # Tests press Send as quickly as programs do.
        fastest_send=0.0,
        # Nobody's: no test asks the world's name servers.
        dns_servers="127.0.0.1:9",
    )
