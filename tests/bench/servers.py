"""Servers of the bench's own, in a folder that goes away with it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.db.upgrade import upgrade
from shared.local.broker import EmbeddedBroker
from shared.local.postgres import EmbeddedPostgres

_PASSWORD = "bench"


@dataclass(frozen=True)
class Servers:
    """A durable PostgreSQL and a broker, as `make run` starts them."""

    room: Path
    postgres: EmbeddedPostgres
    broker: EmbeddedBroker

    def new_database(self, name: str) -> str:
        """The address of an empty database at the newest schema."""
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = self.postgres.url(name)
        engine = make_engine(url)
        upgrade(engine)
        engine.dispose()
        return url


@contextmanager
def servers() -> Iterator[Servers]:
    """Started for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="dr-bench-", dir="/tmp") as folder:
        room = Path(folder)
        # The servers run under an unprivileged account when we are root, and have to pass through.
        room.chmod(0o711)
        postgres = EmbeddedPostgres(room / "pg", password=_PASSWORD, log=room / "postgres.log")
        broker = EmbeddedBroker(room / "broker", password=_PASSWORD, log=room / "broker.log")
        postgres.start()
        try:
            broker.start()
            try:
                yield Servers(room, postgres, broker)
            finally:
                broker.stop()
        finally:
            postgres.stop()


def open_engine(url: str) -> Engine:
    """An engine as a worker has it."""
    return make_engine(url, pool_size=8, works_queues=True)
