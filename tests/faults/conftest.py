"""One stack for all fault tests: a cluster and a broker that may be killed, a mail server that misbehaves, a fleet."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from shared.db.engine import make_engine
from shared.db.tables import METADATA
from shared.db.upgrade import upgrade
from shared.domain.identities import read_mark
from shared.local.broker import EmbeddedBroker
from shared.local.postgres import EmbeddedPostgres
from shared.services.delivery.restored import accept_database
from shared.settings import Settings
from shared.timing import Timing
from tests.factories import make_campaign
from tests.faults.audit import audit
from tests.faults.client import Client
from tests.faults.fleet import Fleet, fleet
from tests.faults.people import MAILGUN_KEY, Ledger, wrong_with_people
from tests.faults.sink import Sink
from tests.waiting import wait_until

TIMING = Timing(
    lease=6.0,
    lookup_lease=2.0,
    connect=1.0,
    verb=1.0,
    after_dot=3.0,
    margin=0.4,
    batch=1.0,
    task=2.0,
    sweep=0.5,
    watch=0.2,
    hangs=4.0,
    gather=0.05,
    gather_lookups=0.01,
    gather_mail=0.05,
    record=4.0,
    breaker=0.2,
    retry_scale=0.001,
)
_PASSWORD = "fault-tests-only"
_AS_INSTALLED = """
    UPDATE installation
    SET system_identifier = '', timeline = 0, is_paused = false, hold_reason = '', held_at = NULL, backup_at = NULL,
        doubtful_until = NULL
"""


@dataclass
class Stack:
    """What a fault test works with."""

    engine: Engine
    settings: Settings
    postgres: EmbeddedPostgres
    broker: EmbeddedBroker
    sink: Sink
    fleet: Fleet
    client: Client
    ledger: Ledger = field(default_factory=Ledger)

    def wrong(self) -> list[str]:
        """What the audit finds."""
        return [
            *audit(
                self.engine,
                self.sink.accepted,
                self.client.told,
                self.ledger.news,
                self.client.read,
                self.letters_of(self.sink.refusals),
                self.letters_of(self.sink.returned),
            ),
            *wrong_with_people(self),
        ]

    def letters_of(self, senders: Iterable[str]) -> Counter[int]:
        """How many of these envelope senders each letter has, by its number."""
        marks = (read_mark(self.settings.secret_key, sender) for sender in list(senders))
        return Counter(mark.number for mark in marks if mark is not None and mark.kind == "letter")

    def states(self) -> list[str]:
        """All letters' states, oldest first."""
        with self.engine.connect() as connection:
            return list(connection.scalars(text("SELECT state FROM letter ORDER BY id")))

    def restless(self) -> str:
        """Why something does not come to rest: letters, paces, connections, journals, processes."""
        queries = {
            "letters": "SELECT id, state, attempt, tries, crash_count, due_at - now(), lease_until - now(), worker,"
            " cause FROM letter WHERE state IN ('queued', 'deferred', 'sending')",
            "paces": "SELECT receiving_domain, connections, seconds_per_letter, failures, open_until - now(),"
            " open_cause FROM domain_pace",
            "servers": "SELECT server, failures, epoch, open_until - now(), open_cause, probe FROM relay_state",
            "connections": "SELECT name, transport, now() - beat_at FROM delivery_connection",
            "switches": "SELECT is_paused, hold_reason FROM installation",
            "database": "SELECT pid, state, wait_event, left(query, 80), now() - xact_start FROM pg_stat_activity"
            " WHERE state <> 'idle' AND pid <> pg_backend_pid()",
        }
        with self.engine.connect() as connection:
            found = {name: [tuple(row) for row in connection.execute(text(sql))] for name, sql in queries.items()}
        found["journals"] = [(path.name,) for path in (self.settings.var / "journal").glob("*")]
        found["workers"] = [(worker.pid, worker.poll()) for worker in self.fleet.workers]
        lines = (self.fleet.folder / "worker.log").read_text(errors="replace").splitlines()[-15:]
        return "\n".join([*(f"{name}: {rows}" for name, rows in found.items()), *lines])

    def empty(self) -> None:
        """Forgets everything that went before."""
        self.sink.plan.clear()
        self.sink.accepted.clear()
        self.sink.taken.clear()
        self.sink.max_connections = self.sink.too_many = 0
        self.sink.receiver = None
        self.sink.refusals.clear()
        self.sink.returned.clear()
        self.ledger = Ledger()
        self.client.told.clear()
        self.client.read.clear()
        self._truncate()
        # A restored database that a failed test left behind is ours again.
        accept_database(self.engine, actor="test")
        make_campaign(self.engine)

    # The workers sweep meanwhile, and PostgreSQL ends one of two that wait for each other.
    @retry(retry=retry_if_exception_type(OperationalError), stop=stop_after_attempt(10), wait=wait_fixed(0.2))
    def _truncate(self) -> None:
        # Workers go on in this database, which must know what they have done in it.
        tables = ", ".join(f'"{name}"' for name in METADATA.tables if name not in ("installation", "generation"))
        with self.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} CASCADE"))
            connection.execute(text(_AS_INSTALLED))


@pytest.fixture(scope="session")
def long_stack() -> Iterator[Stack]:
    """Started once; every test empties it and replaces what died."""
    with tempfile.TemporaryDirectory(prefix="dr-faults-", dir="/tmp") as name, Sink() as sink:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = EmbeddedPostgres(folder / "pg", password=_PASSWORD, log=folder / "postgres.log", durable=False)
        broker = EmbeddedBroker(folder / "broker", password=_PASSWORD, log=folder / "broker.log")
        postgres.start()
        broker.start()
        settings = Settings(
            database_url=postgres.url(),
            redis_url=broker.url(),
            secret_key="faults" * 8,
            environment="test",
            mailbox_url=sink.url,
            mail_relay_url=sink.url,
            var=folder / "var",
            timing=TIMING,
            log_level="WARNING",
            webhooks=f"mailgun={MAILGUN_KEY}",
            # Nobody here is a person.
            fastest_send=0.0,
            email_limit="off",
        )
        engine = make_engine(settings.database_url)
        upgrade(engine)
        make_campaign(engine)
        try:
            with fleet(settings, folder, engine, workers=2) as running:
                running.start_web()
                yield Stack(engine, settings, postgres, broker, sink, running, Client(running.url))
        finally:
            engine.dispose()
            broker.stop()
            postgres.stop()


@pytest.fixture
def stack(long_stack: Stack) -> Iterator[Stack]:
    """The long-lived stack, empty and whole."""
    long_stack.fleet.disarm()
    long_stack.fleet.mend(2)
    wait_until(long_stack.fleet.web_is_whole, 30, "the web tier")
    long_stack.empty()
    yield long_stack
    long_stack.fleet.disarm()
    long_stack.fleet.mend(2)
