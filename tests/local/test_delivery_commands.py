"""`dearrep delivery`: everything paused, resumed and released from the command line."""

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from shared.cli.delivery import delivery_group
from shared.db.installation import hold, read_switches
from shared.errors import NotAllowed
from shared.queue.ring import Ring
from shared.services.doctor import check_delivery, check_letters, examine
from shared.services.heartbeat import read_running
from shared.settings import Settings
from tests.factories import make_campaign, make_ring, write_letters
from tests.local.test_commands import environment, use
from tests.running import beat


@pytest.fixture(autouse=True)
def _stack(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, environment(settings))
    beat(engine, settings)


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return make_ring(settings)


def run(*words: str, typed: str = "") -> str:
    answer = CliRunner().invoke(delivery_group, words, input=typed, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_pause_status_resume(engine: Engine) -> None:
    assert run("status") == "Letters leave when they are due.\n"
    run("pause")
    assert "paused" in run("status")
    with engine.connect() as connection:
        assert read_switches(connection).is_paused
    run("resume")
    assert run("status") == "Letters leave when they are due.\n"


def test_release_shows_why_and_asks(engine: Engine) -> None:
    with pytest.raises(NotAllowed, match="Nothing is held"):
        run("release", "--yes")
    with engine.begin() as connection:
        hold(connection, "The database has gone back in time.")
    assert "gone back in time" in run("status")
    with pytest.raises(NotAllowed, match="Nothing was changed"):
        run("release", typed="n\n")
    assert "gone back in time" in run("resume"), "resuming says what still holds everything"
    said = run("release", typed="y\n")
    assert "gone back in time" in said
    assert "twice" in said
    assert run("status") == "Letters leave when they are due.\n"


def test_a_hold_by_hand_lasts_until_a_release(engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    write_letters(engine, make_ring(settings), settings)
    assert CliRunner().invoke(delivery_group, ["hold"]).exit_code == 2, "a hold has a reason"
    run("hold", "--reason", "Restored on new hardware.")
    with pytest.raises(NotAllowed, match="held already"):
        run("hold", "--reason", "again")
    said = run("status")
    assert "Restored on new hardware." in said
    assert "Keep our shops local: 2 waiting letters may have left; 0 of them are known to have left." in said
    found = {one.name: one for one in examine(engine, settings, "delivery")}["delivery"]
    assert "2 waiting letters may have left" in found.words
    assert "2 letters that may have left stay on hold" in run("release", "--yes")
    with engine.connect() as connection:
        states = connection.exec_driver_sql("SELECT DISTINCT state, hold_reason FROM letter").all()
    assert [tuple(row) for row in states] == [("held", "restore")]


def test_all_may_leave_when_a_person_says_so(engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    write_letters(engine, make_ring(settings), settings)
    run("hold", "--reason", "Restored.")
    assert "2 letters that may have left will leave" in run("release", "--yes", "--all")
    with engine.connect() as connection:
        assert set(connection.exec_driver_sql("SELECT state FROM letter").scalars()) == {"queued"}


def test_a_rate_is_set_listed_and_taken_away() -> None:
    assert run("pace") == "No letter waits for any domain.\n"
    new = "This domain is new to us. It gets 300 letters until it has refused none for half an hour."
    line = f"mahouse.gov (relay)\t0 waiting\t1,200 an hour\t5 connections\t{new}\tempty: nothing waits\n"
    assert run("pace", "MAHouse.gov", "1200").endswith(line)
    assert run("pace") == line
    assert run("pace", "mahouse.gov", "--none").endswith("mahouse.gov: no limit, and none waits.\n")
    with pytest.raises(NotAllowed, match="is not a mail domain"):
        run("pace", "nonsense", "5")


@pytest.mark.parametrize("words", [("mahouse.gov",), ("--none",), ("mahouse.gov", "5", "--none"), ("mahouse.gov", "0")])
def test_half_an_order_is_no_order(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(delivery_group, ["pace", *words])
    assert answer.exit_code == 2
    assert run("pace") == "No letter waits for any domain.\n"


def test_a_paused_server_is_told_alike_and_tried_now(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE domain_pace SET seconds_per_letter = 0.01")
        connection.exec_driver_sql(
            "INSERT INTO relay_state (server, failures, epoch, open_until, open_cause)"
            " VALUES ('mailbox', 2, 2, now() + interval '1 minute', 'authentication')"
        )
    for said in (run("status"), run("pace")):
        assert "The local mailbox is paused until " in said
        assert "The mail relay refused our sign-in." in said
        assert "less than a minute" not in said
        assert "when they are due" not in said
    finding = check_delivery(engine, settings, read_running(engine))
    assert not finding.is_ok
    assert "The local mailbox is paused until " in finding.words
    with engine.connect() as connection:
        assert check_letters(connection, settings).is_ok
    assert "within seconds" in run("try-now")
    assert "paused until the next email probes it" in run("status")
    with pytest.raises(NotAllowed, match="no pause to end"):
        run("try-now")


def test_a_resting_domain_is_told_and_tried_now(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE domain_pace SET open_until = now() + interval '1 hour', open_cause = 'our_dns'"
        )
    assert "practice.example is paused until " in run("status")
    assert "practice.example until " in check_delivery(engine, settings, read_running(engine)).words
    assert "gets letters again" in run("try-now", "practice.example")
    assert run("status") == "Letters leave when they are due.\n"


def test_a_domain_on_trial_or_new_is_told_and_released(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)

    def become(values: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE domain_pace SET {values}")

    become(
        "open_until = now() + interval '1 hour', open_cause = 'refused', open_reply = '550 no', trial = 1,"
        " allowance = 1, held_at = now()"
    )
    for said in (run("status"), run("pace")):
        assert "paused until " in said
        assert "trial of 1 letter" in said
        assert "Its mail server said: “550 no”." in said
    become("open_until = now(), trial = 4, allowance = 0")
    assert "practice.example gets a trial of 4 letters" in run("status")
    assert "try-now practice.example" in run("status")
    assert "\ttrial of 4 letters\tIts mail server said: “550 no”.\tempty: not known yet" in run("pace")
    # What waits for the end of a trial is not late.
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE letter SET due_at = now() - interval '1 day'")
    with engine.connect() as connection:
        assert check_letters(connection, settings).is_ok
    run("try-now", "practice.example")
    assert run("status") == "Letters leave when they are due.\n"
    with engine.connect() as connection:
        assert not check_letters(connection, settings).is_ok
    become("allowance = 300")
    new = "It gets 300 letters until it has refused none for half an hour."
    assert new in run("pace")
    assert run("status") == "Letters leave when they are due.\n"
    become("allowance = 1")
    assert new in run("status")
    become("allowance = 300, open_until = now() + interval '1 hour', open_cause = 'our_dns'")
    assert "practice.example is paused until " in run("status")
    run("try-now", "practice.example")
    assert "new to us" not in run("pace")


def test_limits_of_the_relay_are_set_and_taken_away(engine: Engine) -> None:
    usual = "mail relay: open, 0 of 16 connections in use, no rate limit\n"
    assert run("relay").endswith(usual)
    assert "0 of 10 connections in use, at most 600 emails an hour" in run(
        "relay", "--max-connections", "10", "--rate", "600"
    )
    assert "0 of 10 connections in use, no rate limit" in run("relay", "--none")
    assert "0 of 16 connections" in run("relay", "--max-connections", "16")
    answer = CliRunner().invoke(delivery_group, ["relay", "--rate", "5", "--none"])
    assert answer.exit_code == 2
