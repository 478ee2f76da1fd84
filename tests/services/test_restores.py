"""A backup is restored after letters left: nothing leaves a second time, by whatever means it was restored."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from shared.db.engine import make_engine
from shared.db.installation import read_switches
from shared.db.upgrade import upgrade
from shared.domain.generations import DatabaseState, Marker
from shared.local.postgres import EmbeddedPostgres
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, generations, send_mail
from shared.services.delivery.recover import accept_database, check_database, recover
from shared.services.delivery.restored import report_hold
from shared.services.delivery.run import journal_folder
from shared.services.make_letters import make_due_letters
from shared.services.prepare import prepare_submissions
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.backups import copy_data, dump_database, put_back_data, restore_dump, restore_rows
from tests.factories import make_campaign, make_ring, write_letters
from tests.smtp_server import ScriptedSmtpServer

PEOPLE = 3
LETTERS = 2 * PEOPLE


@dataclass
class Place:
    """An installation with a cluster of its own."""

    postgres: EmbeddedPostgres
    settings: Settings
    server: ScriptedSmtpServer
    ring: Ring
    engine: Engine

    def write(self, prefix: str = "p", people: int = PEOPLE) -> None:
        for number in range(people):
            write_letters(self.engine, self.ring, self.settings, f"{prefix}{number}@example.org")

    def deliver(self, **changes: object) -> int:
        """All that is due, as workers would do it, without any sweep."""
        settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        claimed = sum(deliver_letters(self.engine, self.ring, settings, first_tries=first) for first in (True, False))
        return claimed + send_mail(self.engine, self.ring, settings)

    def sweep(self) -> None:
        sweep(self.engine, self.ring, self.settings)

    def copies(self) -> list[int]:
        """How often the mail server took each letter."""
        names = [
            line
            for _, to, message in self.server.accepted
            for line in message.split(b"\r\n")
            if line.startswith(b"Message-ID:") and to.endswith("@practice.example")
        ]
        return sorted(Counter(names).values())

    def states(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT state FROM letter ORDER BY id")).scalars())

    def reason(self) -> str:
        with self.engine.connect() as connection:
            return read_switches(connection).hold_reason

    def count(self, sql: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(sql)).scalar_one())

    def run_sql(self, sql: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(sql))

    def restart(self) -> None:
        self.engine.dispose()
        self.postgres.start()


@pytest.fixture(scope="module")
def cluster(engine_room: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(engine_room / "restored", password="x" * 8, log=engine_room / "r.log", durable=False)
    server.start()
    engine = make_engine(server.url())
    upgrade(engine)
    make_campaign(engine)
    engine.dispose()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER DATABASE dearrep RENAME TO as_installed")
    yield server
    server.stop()


@pytest.fixture
def place(cluster: EmbeddedPostgres, redis_url: str, settings: Settings) -> Iterator[Place]:
    cluster.start()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS dearrep WITH (FORCE)")
        connection.execute("CREATE DATABASE dearrep TEMPLATE as_installed")
    engine = make_engine(cluster.url())
    with ScriptedSmtpServer() as server:
        own = replace(settings, database_url=cluster.url(), redis_url=redis_url, mailbox_url=server.url)
        here = Place(cluster, own, server, make_ring(own), engine)
        yield here
        here.engine.dispose()


Restore = Callable[[], None]
Backup = Callable[[], Restore]


@pytest.fixture(params=["into the same database", "in one transaction", "rows only", "into a new cluster", "files"])
def backup(request: pytest.FixtureRequest, place: Place, engine_room: Path, tmp_path: Path) -> Iterator[Backup]:
    """Makes a backup; what it returns restores it."""
    way = str(request.param)
    others: list[EmbeddedPostgres] = []

    def by_dump() -> Restore:
        file = dump_database(place.postgres, tmp_path / "dump")

        def restore() -> None:
            if way == "into a new cluster":
                home, log = engine_room / "other", engine_room / "o.log"
                other = EmbeddedPostgres(home, password="y" * 8, log=log, durable=False)
                other.start()
                others.append(other)
                place.postgres = other
                place.engine.dispose()
                place.engine = make_engine(other.url())
            if way == "rows only":
                restore_rows(place.postgres, file)
            else:
                restore_dump(place.postgres, file, *(["-1"] if way == "in one transaction" else []))

        return restore

    def by_files() -> Restore:
        place.postgres.stop()
        folder = copy_data(place.postgres, tmp_path / "data")
        place.restart()

        def restore() -> None:
            place.postgres.stop()
            put_back_data(place.postgres, folder)
            place.restart()

        return restore

    yield by_files if way == "files" else by_dump
    for other in others:
        other.stop()


@pytest.mark.parametrize("swept", [True, False], ids=["swept before", "never swept"])
def test_what_left_after_the_backup_never_leaves_again(place: Place, backup: Backup, *, swept: bool) -> None:
    if swept:
        place.sweep()
    place.write()
    restore = backup()
    place.deliver()
    assert place.copies() == [1] * LETTERS
    restore()
    assert place.states() == ["queued"] * LETTERS
    assert place.deliver() == 0, "a claim looks for itself, before any sweep"
    place.sweep()
    assert place.deliver() == 0
    assert "back in time" in place.reason() or "another" in place.reason() or "dump" in place.reason()
    assert place.copies() == [1] * LETTERS


def two_left_two_wait(place: Place, tmp_path: Path) -> None:
    """The restored database knows of four letters: two left after the backup, two are due in an hour."""
    place.write("left", 1)
    place.write("waits", 1)
    place.run_sql("UPDATE letter SET due_at = now() + interval '1 hour' WHERE id > 2")
    place.sweep()
    dump = dump_database(place.postgres, tmp_path / "dump")
    place.deliver()
    # Letters that the backup does not know leave too.
    place.write("later", 1)
    place.deliver()
    assert place.copies() == [1] * 4
    restore_dump(place.postgres, dump)
    place.sweep()


def test_the_hold_names_what_left_and_what_may_have(place: Place, tmp_path: Path) -> None:
    two_left_two_wait(place, tmp_path)
    report = report_hold(place.engine, named=10)
    assert [(one.slug, one.waiting, one.known) for one in report.campaigns] == [("co-ops", 4, 2)]
    assert [letter.id for letter in report.known_letters] == [1, 2]
    with place.engine.connect() as connection:
        switches = read_switches(connection)
    assert switches.backup_at is not None
    assert switches.held_at is not None
    assert switches.backup_at < report.known_letters[0].left_at <= switches.held_at


def test_released_letters_that_may_have_left_are_held_each_for_itself(place: Place, tmp_path: Path) -> None:
    two_left_two_wait(place, tmp_path)
    place.write("new", 1)
    accept_database(place.engine, actor="test")
    place.run_sql("UPDATE letter SET due_at = now()")
    place.sweep()
    place.deliver()
    assert place.states() == ["sent", "sent", "held", "held", "sent", "sent"]
    assert place.copies() == [1] * 6
    assert place.count("SELECT count(*) FROM letter WHERE hold_reason = 'restore' AND cause = 'restored'") == 2
    assert place.count("SELECT count(*) FROM letter_event WHERE actor = 'test'") == 4
    assert place.count("SELECT count(*) FROM departure") == 0
    assert place.reason() == ""


def test_a_person_may_let_all_leave_that_are_not_known_to_have_left(place: Place, tmp_path: Path) -> None:
    two_left_two_wait(place, tmp_path)
    accept_database(place.engine, actor="test", let_doubtful_leave=True)
    place.run_sql("UPDATE letter SET due_at = now()")
    place.sweep()
    place.deliver()
    assert place.states() == ["sent"] * 4
    assert place.copies() == [1] * 6


def test_letters_that_the_backup_had_only_as_a_promise_are_held_too(place: Place, tmp_path: Path) -> None:
    """Accepted before the backup, made after it: the restored database makes them once more."""
    place.write("warm", 1)
    place.deliver()
    place.sweep()
    place.write("left", 1)
    place.run_sql("DELETE FROM letter WHERE submission_id = 2")
    place.run_sql("UPDATE submission SET expected_letters = NULL WHERE id = 2")
    dump = dump_database(place.postgres, tmp_path / "dump")
    make_due_letters(place.engine, place.ring, place.settings)
    place.deliver()
    assert place.copies() == [1] * 4
    restore_dump(place.postgres, dump)
    place.sweep()
    accept_database(place.engine, actor="test")
    make_due_letters(place.engine, place.ring, place.settings)
    prepare_submissions(place.engine, place.ring, place.settings)
    place.deliver()
    assert place.states() == ["sent", "sent", "held", "held"]
    assert place.copies() == [1] * 4


def test_an_older_branch_is_noticed_after_a_restore_was_accepted(place: Place, tmp_path: Path) -> None:
    """Its generations alone would do: the accepted database has gone far beyond them."""
    place.write()
    first = dump_database(place.postgres, tmp_path / "first")
    place.deliver()
    for _ in range(5):
        place.sweep()
    older = dump_database(place.postgres, tmp_path / "older")
    restore_dump(place.postgres, first)
    place.sweep()
    accept_database(place.engine, actor="test")
    place.sweep()
    assert place.reason() == ""
    restore_dump(place.postgres, older)
    place.run_sql("UPDATE installation SET table_oid = 0")
    place.sweep()
    assert "back in time" in place.reason()


def test_one_decision_counts_for_all_hosts(place: Place, tmp_path: Path) -> None:
    other = replace(place.settings, var=tmp_path / "another host")
    sweep(place.engine, place.ring, other)
    dump = dump_database(place.postgres, tmp_path / "dump")
    place.write()
    sweep(place.engine, place.ring, other)
    restore_dump(place.postgres, dump)
    place.sweep()
    accept_database(place.engine, actor="test")
    sweep(place.engine, place.ring, other)
    place.sweep()
    assert place.reason() == ""


def test_a_host_that_sent_nothing_knows_of_one_that_is_gone(place: Place, tmp_path: Path) -> None:
    """It has read the other host's generation; rows of a new host may rise beyond it meanwhile."""
    gone = replace(place.settings, var=tmp_path / "gone")
    place.write()
    place.sweep()
    dump = dump_database(place.postgres, tmp_path / "dump")
    deliver_letters(place.engine, place.ring, gone, first_tries=True)
    place.sweep()
    restore_dump(place.postgres, dump)
    place.run_sql("UPDATE installation SET table_oid = 0")
    for _ in range(5):
        sweep(place.engine, place.ring, replace(place.settings, var=tmp_path / "new"))
    assert place.reason() == "", "a new host has nothing to compare with"
    assert place.deliver() == 0
    assert "back in time" in place.reason()
    assert place.copies() == [1] * LETTERS


def test_a_new_host_notices_a_dump_by_itself(place: Place, tmp_path: Path) -> None:
    place.write()
    place.sweep()
    dump = dump_database(place.postgres, tmp_path / "dump")
    place.deliver()
    restore_dump(place.postgres, dump)
    assert place.deliver(var=tmp_path / "new host") == 0
    assert "dump" in place.reason()


@pytest.mark.parametrize("sql", ["DELETE FROM installation", "DELETE FROM generation"])
def test_a_database_that_forgot_its_installation_is_held(place: Place, sql: str) -> None:
    place.write()
    place.sweep()
    place.run_sql(sql)
    assert place.deliver() == 0
    assert "back in time" in place.reason()


def test_the_same_database_is_never_held_however_often_it_works(place: Place) -> None:
    for number in range(3):
        place.write(f"n{number}", 1)
        place.deliver()
        place.sweep()
        check_database(place.engine, journal_folder(place.settings))
        recover(place.engine, journal_folder(place.settings), place.settings.timing)
    assert place.reason() == ""
    assert place.copies() == [1] * 6


def test_a_new_letter_with_the_number_of_one_that_left_is_not_taken_for_it(place: Place, tmp_path: Path) -> None:
    place.write("old", 1)
    place.sweep()
    dump = dump_database(place.postgres, tmp_path / "dump")
    place.write("lost", 1)
    place.deliver()
    restore_dump(place.postgres, dump)
    place.write("new", 1)
    assert place.count("SELECT max(id) FROM letter") == 4
    place.sweep()
    assert [letter.id for letter in report_hold(place.engine, named=10).known_letters] == [1, 2]


def test_letters_written_after_a_restore_take_no_name_of_one_that_left(place: Place, tmp_path: Path) -> None:
    """A bounce of a letter that the backup does not know would else be told of another one."""
    place.write("old", 1)
    place.deliver()
    dump = dump_database(place.postgres, tmp_path / "dump")
    place.write("lost", 1)
    place.deliver()
    restore_dump(place.postgres, dump)
    place.sweep()
    assert place.reason()
    place.write("new", 1)
    accept_database(place.engine, actor="test")
    place.deliver()
    assert place.states() == ["sent"] * 4
    assert place.copies() == [1] * 6
    # Links to exported files are made from numbers too, and what else may be some day.
    assert place.count("SELECT min(last_value) FROM pg_sequences WHERE data_type = 'bigint'::regtype") >= 1_000_000


def test_a_release_stands_although_a_claim_judged_before_it(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker finds that the database went back; before it says so, a person accepts the database."""
    place.write()
    dump = dump_database(place.postgres, tmp_path / "dump")
    place.deliver()
    restore_dump(place.postgres, dump)
    judge = generations.why_hold

    def a_person_is_quicker(marker: Marker, state: DatabaseState) -> str:
        reason = judge(marker, state)
        monkeypatch.setattr(generations, "why_hold", judge)
        place.sweep()
        accept_database(place.engine, actor="test")
        return reason

    monkeypatch.setattr(generations, "why_hold", a_person_is_quicker)
    assert place.deliver() == 0
    assert place.reason() == ""
