"""The command line: one plain line for each known error, servers found or started, and the doctor's findings."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import redis
from click.testing import CliRunner
from sqlalchemy import Engine, insert, text

from shared import clock
from shared.cli import main as command_line
from shared.cli import stack
from shared.cli.database import upgrade_command
from shared.cli.doctor import doctor_command
from shared.db.engine import make_engine
from shared.db.tables import import_run, office
from shared.db.upgrade import is_current
from shared.errors import NotFound, SettingsError
from shared.queue.names import QueueName
from shared.services import doctor
from shared.settings import ENVIRONMENT_NAMES, Settings


def environment(settings: Settings) -> dict[str, str]:
    return {name: str(getattr(settings, field)) for field, name in ENVIRONMENT_NAMES.items()}


def use(monkeypatch: pytest.MonkeyPatch, env: dict[str, str]) -> None:
    monkeypatch.setattr(stack, "process_environment", lambda: env)


@pytest.mark.parametrize("name", list(command_line._COMMANDS))
def test_every_command_is_there(name: str) -> None:
    answer = CliRunner().invoke(command_line.dearrep, [name, "--help"])
    assert answer.exit_code == 0, answer.output


def test_help_lists_the_commands() -> None:
    said = CliRunner().invoke(command_line.dearrep, ["--help"]).output
    assert all(name in said for name in command_line._COMMANDS)


def test_a_known_error_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(**_: Any) -> None:
        raise NotFound("There is no campaign with this name.")

    monkeypatch.setattr(command_line, "dearrep", fail)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "There is no campaign with this name.\n")


@pytest.mark.parametrize("error", [redis.ConnectionError("x"), "database"])
def test_a_server_that_is_away_is_one_line(
    error: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: Any) -> None:
        if isinstance(error, Exception):
            raise error
        make_engine("postgresql://nobody:secret@127.0.0.1:9/none").connect()

    monkeypatch.setattr(command_line, "dearrep", fail)
    with pytest.raises(SystemExit):
        command_line.main()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "dearrep doctor" in said
    assert "secret" not in said


def test_named_servers_are_used(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, environment(settings))
    with stack.open_stack() as opened:
        assert opened.settings.database_url == settings.database_url
    assert not settings.var.exists()


def test_production_never_starts_servers_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, {"DEARREP_ENV": "production", "DEARREP_VAR": str(tmp_path / "var")})
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"), stack.open_stack():
        pass
    assert not (tmp_path / "var").exists()


def test_a_database_of_others_is_not_migrated_unasked(
    settings: Settings, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, environment(replace(settings, database_url=empty_database_url)))
    with pytest.raises(stack.NotMigrated, match="dearrep db upgrade"), stack.open_stack():
        pass
    assert CliRunner().invoke(upgrade_command).output == "The database is up to date.\n"
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        assert is_current(connection)
    engine.dispose()


def test_embedded_servers_are_started_migrated_and_stopped(engine_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, {"DEARREP_VAR": str(engine_room / "cli" / "var")})
    with stack.open_stack() as opened:
        with opened.engine.connect() as connection:
            assert is_current(connection)
        url = opened.settings.redis_url
        client = redis.Redis.from_url(url)
        assert client.ping()
        client.close()
    gone = redis.Redis.from_url(url)
    with pytest.raises(redis.ConnectionError):
        gone.ping()
    gone.close()


def findings(engine: Engine, settings: Settings) -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine(engine, settings)}


def test_doctor_sees_what_is_missing(engine: Engine, settings: Settings) -> None:
    found = findings(engine, settings)
    assert found["database"].is_ok
    assert found["broker"].is_ok
    assert found["clock"].is_ok
    assert found["mail relay"].is_ok
    assert "setup" in found["data"].advice
    assert "make run" in found["workers"].advice


def test_doctor_judges_the_age_of_data(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(office).values(
                jurisdiction="ma", chamber="upper", district="1", ocd_id="ocd-division/x", title="Senator"
            )
        )
        connection.execute(insert(import_run).values(kind="legislators", jurisdiction="ma", finished_at=clock.now()))
    assert findings(engine, settings)["data"].is_ok
    with engine.begin() as connection:
        connection.execute(text("UPDATE import_run SET finished_at = now() - interval '31 days'"))
    assert "30 days" in findings(engine, settings)["data"].words


def test_doctor_sees_full_queues_and_a_relay_that_is_away(engine: Engine, settings: Settings) -> None:
    client = redis.Redis.from_url(settings.redis_url)
    client.rpush(QueueName.RETRY, *range(1_001))
    client.close()
    away = replace(settings, mail_relay_url="smtp://127.0.0.1:9")
    found = findings(engine, away)
    assert "retry 1001" in found["queues"].words
    assert not found["queues"].is_ok
    assert "DEARREP_MAIL_RELAY_URL" in found["mail relay"].advice


def test_doctor_misses_a_relay_in_production(engine: Engine, settings: Settings) -> None:
    assert not doctor.check_relay(replace(settings, environment="production")).is_ok


def test_doctor_sees_a_wrong_clock(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    late = clock.now() - timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: late)
    with engine.connect() as connection:
        assert "NTP" in doctor.check_clock(connection).advice


def test_doctor_survives_dead_servers(settings: Settings) -> None:
    engine = make_engine("postgresql://nobody:secret@127.0.0.1:9/none")
    found = findings(engine, replace(settings, redis_url="redis://127.0.0.1:9/0"))
    engine.dispose()
    assert "DATABASE_URL" in found["database"].advice
    assert "REDIS_URL" in found["broker"].advice


def test_doctor_exits_with_1_when_something_is_wrong(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, environment(settings))
    assert CliRunner().invoke(doctor_command).exit_code == 1
    one = CliRunner().invoke(doctor_command, ["--part", "broker"])
    assert one.exit_code == 0
    assert one.output.endswith("All is well.\n")
    unknown = CliRunner().invoke(doctor_command, ["--part", "nonsense"])
    assert unknown.exit_code == click.UsageError.exit_code
