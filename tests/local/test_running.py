"""Commands tell what the running installation does, whatever the environment of their own shell says."""

import json
import os
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from shared.cli import main as command_line
from shared.db.engine import make_engine
from shared.domain.relays import Relay, Security
from shared.domain.running import ProcessKind
from shared.errors import NotAllowed, NotFound
from shared.services.campaigns import read_campaign
from shared.services.heartbeat import Heartbeat, read_running
from shared.services.relay import save_relay
from shared.settings import Settings
from tests.factories import make_draft, make_ring, write_letters
from tests.local.test_commands import environment, findings, use
from tests.running import beat, fall_silent

RELAY = "smtp://letters:secret-word@mail.example:587"


@pytest.fixture(autouse=True)
def _shell(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, environment(settings))


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(command_line.dearrep, words, input=typed)


@pytest.mark.parametrize(
    "words",
    [
        ["delivery", "status"],
        ["delivery", "pace"],
        ["delivery", "pause"],
        ["campaign", "list"],
        ["campaign", "publish", "co-ops", "--yes"],
        ["office", "retry"],
        ["doctor"],
    ],
)
def test_a_relay_of_the_running_installation_is_told_in_a_shell_without_one(
    words: list[str], engine: Engine, settings: Settings
) -> None:
    make_draft(engine)
    beat(engine, settings, relay=RELAY)
    said = run(*words).output
    assert re.search(
        r"The running installation \(2 processes, started \d\d:\d\d UTC\) sends through mail\.example:587\."
        r" This shell's settings differ: no relay\.",
        said,
    )
    assert "No mail relay is set" not in said
    assert "secret-word" not in said


def test_publishing_says_and_asks_what_the_running_installation_will_do(engine: Engine, settings: Settings) -> None:
    make_draft(engine)
    beat(engine, settings, relay=RELAY)
    answer = run("campaign", "publish", "co-ops", typed="n\n")
    assert "The mail relay is mail.example:587." in answer.output
    # With a relay the sender domain is a must, and the list is the running installation's too.
    assert "Nobody has checked yet what DNS says about letters.example." in answer.output
    assert isinstance(answer.exception, NotAllowed)
    assert read_campaign(engine, "co-ops").state == "draft"


def test_a_relay_of_this_shell_alone_is_no_relay(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_draft(engine)
    beat(engine, settings)
    use(monkeypatch, environment(replace(settings, mail_relay_url="smtp://elsewhere.example:25")))
    said = run("campaign", "publish", "co-ops", "--yes").output
    assert "has no mail relay. This shell's settings differ: relay elsewhere.example:25." in said
    assert "No mail relay is set" in said
    assert "none is set" in run("doctor", "--part", "mail relay").output


def test_a_relay_of_the_console_is_told_and_is_no_difference(engine: Engine, settings: Settings) -> None:
    make_draft(engine)
    beat(engine, settings)
    save_relay(engine, settings, Relay("console.example", 587, Security.STARTTLS), actor="test")
    said = run("campaign", "publish", "co-ops", "--yes").output
    assert "The mail relay is console.example:587." in said
    assert "differ" not in said


def test_equal_settings_are_not_spoken_of(engine: Engine, settings: Settings) -> None:
    beat(engine, settings)
    assert run("delivery", "status").output == "Letters leave when they are due.\n"
    found = findings(engine, settings)
    assert found["processes"].words == "1 web, 1 worker running"
    assert "shell" not in found
    assert found["delivery"].words == "letters leave when they are due"


def test_other_settings_are_named_and_no_secret_is_told(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(engine, settings, relay=RELAY)
    other = replace(settings, mail_domain="other.example", keep_days=5)
    use(monkeypatch, environment(other))
    said = run("campaign", "list").output
    assert "differ: no relay, DEARREP_KEEP_DAYS, DEARREP_MAIL_DOMAIN." in said
    use(monkeypatch, environment(replace(settings, mail_relay_url=RELAY.replace("secret-word", "changed"))))
    assert "differ: relay mail.example:587." in run("campaign", "list").output
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT to_jsonb(process_heartbeat) FROM process_heartbeat")).scalars().all()
    written = json.dumps(rows)
    assert "mail.example" in written
    assert not any(secret in written for secret in ("secret-word", "letters:", settings.secret_key))


def test_a_stopped_installation_is_never_well(engine: Engine, settings: Settings) -> None:
    make_draft(engine)
    status = run("delivery", "status").output
    assert "Nothing is running, so this can only say what this shell's settings say." in status
    assert "Letters leave when they are due" not in status
    published = run("campaign", "publish", "co-ops", "--yes").output
    assert "Nothing is running" in published
    doctor = run("doctor")
    assert "LOOK  processes: nothing is running" in doctor.output
    assert "mail relay: none is set: every letter stays in the local mailbox (by this shell's settings" in doctor.output
    assert doctor.exit_code == 1
    assert run("doctor", "--part", "processes").exit_code == 1


@pytest.mark.parametrize("kind", [ProcessKind.WORKER, ProcessKind.WEB, ProcessKind.SCHEDULER])
def test_a_process_that_fell_silent_is_named(kind: ProcessKind, engine: Engine, settings: Settings) -> None:
    beat(engine, settings, ProcessKind.WEB, ProcessKind.WORKER, ProcessKind.BACKGROUND, ProcessKind.SCHEDULER)
    fall_silent(engine, kind)
    doctor = run("doctor", "--part", "processes")
    assert re.search(rf"LOOK  processes: {kind} on \S+ \(pid {os.getpid()}\) has sent no heartbeat for", doctor.output)
    assert doctor.exit_code == 1
    # One of its kind that starts later takes its place.
    beat(engine, settings, kind)
    assert run("doctor", "--part", "processes").output.endswith("All is well.\n")


def test_without_a_worker_no_command_says_that_letters_leave(engine: Engine, settings: Settings) -> None:
    beat(engine, settings, ProcessKind.WEB)
    assert "No worker is running: nothing leaves until one starts." in run("delivery", "resume").output
    assert "Letters leave" not in run("delivery", "status").output
    assert "No worker is running" in run("doctor", "--part", "processes").output


def test_processes_that_disagree_are_a_fault(engine: Engine, settings: Settings) -> None:
    make_draft(engine)
    beat(engine, settings, ProcessKind.WEB)
    beat(engine, settings, ProcessKind.WORKER, relay=RELAY)
    doctor = run("doctor", "--part", "processes")
    assert "LOOK  processes: The running processes differ in DEARREP_MAIL_RELAY_URL." in doctor.output
    assert re.search(r"web on \S+ \(pid \d+\): none; worker on \S+ \(pid \d+\): mail\.example:587", doctor.output)
    assert doctor.exit_code == 1
    # What may send is believed.
    assert "The mail relay is mail.example:587." in run("campaign", "publish", "co-ops", "--yes").output
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM process_heartbeat WHERE kind = 'web'"))
    beat(engine, replace(settings, organizer_email="x@example.org", mail_relay_url=RELAY), ProcessKind.WEB)
    assert "differ in DEARREP_ORGANIZER_EMAIL." in run("doctor", "--part", "processes").output


def test_several_versions_are_named(engine: Engine, settings: Settings) -> None:
    beat(engine, settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE process_heartbeat SET version = '0.0.9' WHERE kind = 'web'"))
    assert "several versions run: 0.0.9, " in run("doctor", "--part", "processes").output


def test_publishing_asks_nothing_about_a_campaign_that_is_not_there_or_can_not_go_live(
    engine: Engine, settings: Settings
) -> None:
    missing = run("campaign", "publish", "no-such", typed="y\n")
    assert isinstance(missing.exception, NotFound)
    make_draft(engine)
    assert run("campaign", "publish", "co-ops", "--yes").exit_code == 0
    again = run("campaign", "publish", "co-ops", typed="y\n")
    assert isinstance(again.exception, NotAllowed)
    assert not any("Go live?" in answer.output for answer in (missing, again))


def test_a_heartbeat_goes_on_and_ends_with_its_process(engine: Engine, settings: Settings) -> None:
    heartbeat = Heartbeat(engine, settings, ProcessKind.INBOUND, every_s=0.05)
    heartbeat.start()
    first = None
    for _ in range(200):
        found = read_running(engine).alive
        if found and first is not None and found[0].beat_at > first.beat_at:
            break
        first = first or (found[0] if found else None)
    assert first is not None
    assert (found[0].kind, found[0].pid, found[0].started_at) == ("inbound", os.getpid(), first.started_at)
    heartbeat.stop()
    assert read_running(engine).processes == ()


def test_a_heartbeat_survives_a_database_that_is_away(settings: Settings) -> None:
    away = make_engine("postgresql://nobody:secret@127.0.0.1:9/none")
    Heartbeat(away, settings, ProcessKind.WEB).beat()
    away.dispose()


def test_history_is_forgotten_after_a_day(engine: Engine, settings: Settings) -> None:
    beat(engine, settings, ProcessKind.WORKER)
    fall_silent(engine, ProcessKind.WORKER, seconds=86_500)
    assert read_running(engine).processes == ()
    heartbeat = Heartbeat(engine, settings, ProcessKind.WEB)
    heartbeat.start()
    heartbeat.stop()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM process_heartbeat")).scalar_one() == 0


def test_commands_say_when_letters_leave(engine: Engine, settings: Settings) -> None:
    make_draft(engine)
    write_letters(engine, make_ring(settings), settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE office_holder SET email_failed_at = now()"))
        connection.execute(text("UPDATE letter SET state = 'held', hold_reason = 'address_failing'"))
    assert "2 letters leave once a worker runs." in run("office", "retry").output
    beat(engine, settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE office_holder SET email_failed_at = now()"))
        connection.execute(text("UPDATE letter SET state = 'held', hold_reason = 'address_failing'"))
        connection.execute(
            text("INSERT INTO installation (is_paused) VALUES (true) ON CONFLICT (id) DO UPDATE SET is_paused = true")
        )
    assert "2 letters leave once nothing is paused or held" in run("office", "retry").output


def test_a_machine_asks_about_its_own_processes_only(engine: Engine, settings: Settings) -> None:
    nothing = run("doctor", "--here")
    assert (nothing.exit_code, "nothing is running on" in nothing.output) == (1, True)
    beat(engine, settings, ProcessKind.WORKER)
    well = run("doctor", "--here")
    assert (well.exit_code, "1 worker running on" in well.output) == (0, True)
    beat(engine, settings, ProcessKind.BACKGROUND)
    with engine.begin() as connection:
        connection.execute(text("UPDATE process_heartbeat SET host = 'elsewhere' WHERE kind = 'background'"))
    fall_silent(engine, ProcessKind.BACKGROUND)
    assert run("doctor", "--here").exit_code == 0
    fall_silent(engine, ProcessKind.WORKER)
    assert run("doctor", "--here").exit_code == 1


def test_another_broker_is_told_in_a_shell_and_may_be_another_address_of_the_same_for_processes(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(engine, settings)
    beat(engine, replace(settings, redis_url="redis://elsewhere:6379/0"), ProcessKind.BACKGROUND)
    assert run("doctor", "--part", "processes").output.endswith("All is well.\n")
    use(monkeypatch, environment(replace(settings, redis_url="redis://127.0.0.1:1/0")))
    assert "This shell's settings differ: REDIS_URL." in run("delivery", "status").output
