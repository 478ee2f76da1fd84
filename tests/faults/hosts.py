"""A whole installation for the long fault tests: its own servers, a relay, and hosts that can be lost or restored."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine, text

from shared.db import pace
from shared.db.engine import make_engine
from shared.db.upgrade import upgrade
from shared.domain.transport import Transport
from shared.local.broker import EmbeddedBroker
from shared.local.postgres import EmbeddedPostgres
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from shared.timing import Timing
from tests.backups import copy_data, dump_database, put_back_data, restore_dump
from tests.factories import copy_letters, make_campaign, make_supporter
from tests.faults.clock import pass_time
from tests.faults.sink import Sink
from tests.forks import Running
from tests.processes import fork_worker, stop
from tests.waiting import wait_until

_PASSWORD = "long-fault-tests-only"
_THREADS = 8
_STATES = text("SELECT state, count(*) AS number FROM letter GROUP BY state")
# Letters go out through the relay, to several domains, as those of a live campaign do.
_GO_OUT = text(
    """
    UPDATE letter
    SET transport = 'relay', receiving_domain = 'd' || id % 4 || '.example',
        recipient_email = 'office' || office_id || '@d' || id % 4 || '.example'
    """
)
DOMAIN = "house.example"
_ONLY_COPIES = text(
    """
    WITH gone AS (DELETE FROM letter WHERE receiving_domain <> 'house.example' RETURNING submission_id)
    UPDATE submission SET expected_letters = 0 WHERE id IN (SELECT submission_id FROM gone)
    """
)
_NO_EMAILS = text("UPDATE follow_up SET state = 'cancelled' WHERE state = 'queued'")


@dataclass
class Host:
    """The worker of one machine, with a journal folder of its own."""

    settings: Settings
    folder: Path
    worker: Running | None = None

    def start(self) -> None:
        """Starts its worker."""
        self.worker = fork_worker(self.settings, self.folder / "worker.log", threads=_THREADS)

    def is_holder(self, column: str) -> str:
        """A condition in SQL: the connection named in `column` is this host's."""
        assert self.worker is not None
        return f"split_part({column}, '.', -2) = '{self.worker.pid}'"

    def stop(self) -> None:
        """Asks its worker to end and waits."""
        if self.worker is not None:
            stop(self.worker)

    def kill(self) -> None:
        """The machine loses power: all its processes end at once."""
        if self.worker is not None and self.worker.poll() is None:
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait(10)

    def lose_journal(self) -> None:
        """Its disk is gone too."""
        shutil.rmtree(self.settings.var / "journal", ignore_errors=True)


@dataclass
class Installation:
    """Servers, relay and hosts. `engine` is the test's own way into the database."""

    folder: Path
    postgres: EmbeddedPostgres
    broker: EmbeddedBroker
    relay: Sink
    timing: Timing
    engine: Engine
    hosts: dict[str, Host] = field(default_factory=dict)

    def host(self, name: str) -> Host:
        """A machine with its own `var`; made when it is first asked for."""
        if name not in self.hosts:
            folder = self.folder / name
            folder.mkdir()
            self.hosts[name] = Host(replace(self.settings(), var=folder / "var"), folder)
        return self.hosts[name]

    def settings(self) -> Settings:
        """What every process is given, but for its `var`."""
        return Settings(
            database_url=self.postgres.url(),
            redis_url=self.broker.url(),
            secret_key="faults" * 8,
            environment="test",
            mailbox_url=self.relay.url,
            mail_relay_url=self.relay.url,
            var=self.folder / "var",
            timing=self.timing,
            log_level="WARNING",
            fastest_send=0.0,
            email_limit="off",
        )

    def queue_letters(self, letters: int) -> None:
        """Writes so many letters (two a supporter) that are due now; nobody delivers them yet."""
        ring = Ring(make_celery(self.settings()), None)
        for number in range(letters // 2):
            supporter = make_supporter(f"p{number}@example.org", f"{number + 1} Maple Street")
            token = begin_submission(self.engine, ring, self.settings(), "co-ops", supporter)
            accept_submission(self.engine, ring, self.settings(), token, own_words="")
            if number % 50 == 0:
                prepare_submissions(self.engine, ring, self.settings())
        wait_until(lambda: self._prepared(ring, letters), 120, f"{letters} letters")
        with self.engine.begin() as connection:
            connection.execute(_GO_OUT)
            # The domains have taken letters before: they get any number at once.
            pace.add_domains(connection)
            connection.execute(text("UPDATE domain_pace SET allowance = NULL"))
            connection.execute(_NO_EMAILS)

    def queue_many(self, letters: int, mailboxes: int, transport: Transport) -> None:
        """Writes so many letters to one domain that is new to us, in turn to so many mailboxes of it; all are due."""
        ring = Ring(make_celery(self.settings()), None)
        token = begin_submission(self.engine, ring, self.settings(), "co-ops", make_supporter())
        accept_submission(self.engine, ring, self.settings(), token, own_words="")
        wait_until(lambda: self._prepared(ring, 2), 60, "two letters")
        copy_letters(self.engine, letters, mailboxes=mailboxes, domain=DOMAIN, transport=transport)
        with self.engine.begin() as connection:
            connection.execute(_ONLY_COPIES)
            connection.execute(_NO_EMAILS)

    def pass_time(self, minutes: int) -> None:
        """For the domain and its mailboxes so much time passes."""
        with self.engine.begin() as connection:
            pass_time(connection, minutes)

    def copies(self) -> int:
        """How many mails the relay took more than once."""
        return sum(number - 1 for number in self.relay.accepted.values())

    def taken_since(self, moment: float) -> int:
        """How many mails the relay took after this moment (monotonic)."""
        return sum(at > moment for _, at in list(self.relay.taken))

    def states(self) -> dict[str, int]:
        """How many letters are in each state."""
        with self.engine.connect() as connection:
            return {row.state: row.number for row in connection.execute(_STATES)}

    def ask(self, statement: str) -> object:
        """One value from the database."""
        with self.engine.connect() as connection:
            return connection.scalar(text(statement))

    def dump(self) -> Path:
        """A backup as the documentation makes it."""
        return dump_database(self.postgres, self.folder / "dearrep.dump")

    def restore(self, dump: Path) -> None:
        """Restores a backup into the server that is running, as the documentation says."""
        restore_dump(self.postgres, dump)
        self.engine.dispose()

    def copy_files(self) -> Path:
        """Copies the files of the stopped server, as a snapshot of its disk does."""
        self.postgres.stop()
        copy = copy_data(self.postgres, self.folder / "files")
        self.postgres.start()
        self.engine.dispose()
        return copy

    def put_files_back(self, copy: Path) -> None:
        """Takes the copied files in place of the server's."""
        self.postgres.stop()
        put_back_data(self.postgres, copy)
        self.postgres.start()
        self.engine.dispose()

    def move_to_new_server(self) -> None:
        """From now on everything talks to an empty database in a new cluster."""
        self.postgres.stop()
        fresh = EmbeddedPostgres(
            self.folder / "pg2", password=_PASSWORD, log=self.folder / "postgres2.log", durable=False
        )
        fresh.start()
        self.postgres = fresh
        self.engine.dispose()
        self.engine = make_engine(fresh.url())
        for host in self.hosts.values():
            host.settings = replace(host.settings, database_url=fresh.url())

    def _prepared(self, ring: Ring, letters: int) -> bool:
        prepare_submissions(self.engine, ring, self.settings())
        return sum(self.states().values()) >= letters


@contextmanager
def installation(timing: Timing) -> Iterator[Installation]:
    """Servers and a relay for as long as the block runs; ends every process that it started."""
    with tempfile.TemporaryDirectory(prefix="dr-long-", dir="/tmp") as name, Sink() as relay:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = EmbeddedPostgres(folder / "pg", password=_PASSWORD, log=folder / "postgres.log", durable=False)
        broker = EmbeddedBroker(folder / "broker", password=_PASSWORD, log=folder / "broker.log")
        postgres.start()
        broker.start()
        engine = make_engine(postgres.url())
        upgrade(engine)
        make_campaign(engine)
        here = Installation(folder, postgres, broker, relay, timing, engine)
        try:
            yield here
        finally:
            for host in here.hosts.values():
                host.kill()
            here.engine.dispose()
            broker.stop()
            here.postgres.stop()
            postgres.stop()


def wait_until_all_left(here: Installation, letters: int, seconds: float) -> None:
    """Waits until the relay has taken so many letters and every outcome is recorded."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        states = here.states()
        if states.get("sent", 0) >= letters:
            return
        time.sleep(0.2)
    raise TimeoutError(f"{letters} letters did not leave within {seconds:g} s: {here.states()}")
