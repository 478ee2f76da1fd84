"""Another secret key than the data belong to: noticed at every start, refused in one line, accepted by a person."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select, text

from shared.cli import main as command_line
from shared.cli.database import upgrade_command
from shared.cli.delivery import delivery_group
from shared.cli.doctor import doctor_command
from shared.cli.key import key_group
from shared.db.engine import make_engine
from shared.db.installation import read_key_fingerprint
from shared.db.tables import audit_entry
from shared.domain.identities import key_fingerprint
from shared.errors import NotAllowed, WrongSecretKey
from shared.local.broker import free_port
from shared.services.secret_key import check_key
from shared.settings import Settings
from tests.forks import Running, fork
from tests.local.test_commands import environment, use
from tests.processes import environment as process_environment
from tests.waiting import wait_until

LINE = "DEARREP_SECRET_KEY is not the key that this database belongs to. Put the old key back."
PROCESSES = {
    "web": ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "0", "web.wsgi:app"],
    "worker": ["celery", "-A", "worker.app", "worker", "--pool", "threads", "-c", "1"],
    "scheduler": ["celery", "-A", "worker.app", "beat", "--pidfile=", "--schedule", os.devnull],
    "mailbox": ["shared.local.mailbox"],
    "inbound": ["shared.local.inbound"],
    "command": ["shared.cli.main", "delivery", "status"],
    "upgrade": ["shared.cli.main", "db", "upgrade"],
}


@pytest.fixture
def another(engine: Engine, settings: Settings) -> Settings:
    """The data belong to the usual key, and this is not it."""
    check_key(engine, settings)
    return replace(settings, secret_key="another key" * 4, inbound_url="lmtp://127.0.0.1:1")


def fingerprint(engine: Engine) -> str:
    with engine.connect() as connection:
        return read_key_fingerprint(connection)


def test_the_first_key_is_taken_and_kept(engine: Engine, settings: Settings, another: Settings) -> None:
    assert fingerprint(engine) == key_fingerprint(settings.secret_key)
    check_key(engine, settings)
    with pytest.raises(WrongSecretKey, match="dearrep key accept"):
        check_key(engine, another)
    assert fingerprint(engine) == key_fingerprint(settings.secret_key)


def test_an_upgraded_installation_takes_the_first_key_it_sees(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO installation (id, hold_reason) VALUES (1, 'kept')"))
    check_key(engine, settings)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT key_fingerprint, hold_reason FROM installation")).all()
    assert [tuple(row) for row in rows] == [(key_fingerprint(settings.secret_key), "kept")]


def what_ends_it(process: str, settings: Settings, log: Path, more: Mapping[str, str] | None = None) -> str:
    """What a process says that fails as it starts."""
    started = fork(PROCESSES[process], process_environment(settings, more), log)
    try:
        assert started.wait(60) != 0
    finally:
        end(started)
    return log.read_text()


def end(started: Running) -> None:
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
    started.wait(10)


@pytest.mark.parametrize("process", list(PROCESSES))
def test_nothing_starts_with_another_key(another: Settings, process: str, tmp_path: Path) -> None:
    said = what_ends_it(process, another, tmp_path / "log")
    assert LINE in said
    assert "Traceback" not in said
    assert another.secret_key not in said


@pytest.mark.parametrize("process", ["web", "worker", "mailbox", "inbound", "command"])
def test_a_bad_setting_is_one_line_too(settings: Settings, process: str, tmp_path: Path) -> None:
    said = what_ends_it(process, settings, tmp_path / "log", {"DEARREP_SECRET_KEY": "short"})
    assert "DEARREP_SECRET_KEY is shorter than 32 characters." in said
    assert "Traceback" not in said


@pytest.fixture
def early(settings: Settings, empty_database_url: str, tmp_path: Path) -> Iterator[Running]:
    """A process that starts before its database is migrated."""
    mailbox = f"smtp://127.0.0.1:{free_port()}"
    own = replace(settings, database_url=empty_database_url, secret_key="another key" * 4, mailbox_url=mailbox)
    started = fork(PROCESSES["mailbox"], process_environment(own), tmp_path / "log")
    yield started
    end(started)


def test_a_process_that_starts_before_its_database_ends_when_that_knows_another_key(
    early: Running, settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        early.wait(4)
    engine = make_engine(empty_database_url)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("CREATE TABLE installation (id smallint PRIMARY KEY, key_fingerprint text)"))
        connection.execute(text("INSERT INTO installation VALUES (1, 'of another key')"))
    engine.dispose()
    wait_until(lambda: early.poll() is not None, 20, "the end of the process")
    assert LINE in (tmp_path / "log").read_text()


def test_a_person_accepts_another_key_and_reads_what_that_costs(
    engine: Engine, another: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, environment(another))
    run = CliRunner().invoke
    assert isinstance(run(delivery_group, ["status"]).exception, WrongSecretKey)
    assert isinstance(run(upgrade_command).exception, WrongSecretKey)
    found = run(doctor_command, ["--part", "secret key"])
    assert found.exit_code == 1
    assert "dearrep key accept" in found.output
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO suppression (email_hash, reason) VALUES ('x', 'unsubscribed')"))
        connection.execute(
            text("INSERT INTO mail_relay (host, port, security, sealed_password) VALUES ('h', 25, 'starttls', 'x')")
        )
    refused = run(key_group, ["accept"], input="n\n")
    assert isinstance(refused.exception, NotAllowed)
    for words in ("Links in emails", "Addresses that must get no more email: 1.", "relay's password"):
        assert words in refused.output
    assert "second step" not in refused.output
    assert isinstance(run(delivery_group, ["status"]).exception, WrongSecretKey)
    assert run(key_group, ["accept", "--yes"]).exit_code == 0
    assert run(delivery_group, ["status"]).exit_code == 0
    with engine.connect() as connection:
        [entry] = connection.execute(select(audit_entry.c.action, audit_entry.c.who, audit_entry.c.is_change))
    assert entry.action == "accepted another secret key"
    assert entry.who.startswith("command line")
    assert entry.is_change
    assert isinstance(run(key_group, ["accept"]).exception, NotAllowed)


def test_the_fingerprint_tells_keys_apart_and_says_nothing_of_them() -> None:
    one, other = "0123456789abcdef" * 4, "0123456789abcdeg" * 4
    assert key_fingerprint(one) == key_fingerprint(one) != key_fingerprint(other)
    assert one[:8] not in key_fingerprint(one)
    assert "key" in command_line._COMMANDS
