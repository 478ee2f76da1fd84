"""`dearrep delivery`: everything paused, resumed and released from the command line."""

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from shared.cli.delivery import delivery_group
from shared.db.installation import hold, read_switches
from shared.errors import NotAllowed
from shared.services.doctor import examine
from shared.settings import Settings
from tests.factories import make_campaign, make_ring, write_letters
from tests.local.test_commands import environment, use
from tests.running import beat


@pytest.fixture(autouse=True)
def _stack(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, environment(settings))
    beat(engine, settings)


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
    line = "mahouse.gov (relay)\t0 waiting\t1,200 an hour\t5 connections\tempty: nothing waits\n"
    assert run("pace", "MAHouse.gov", "1200").endswith(line)
    assert run("pace") == line
    assert run("pace", "mahouse.gov", "--none").endswith("mahouse.gov: no limit, and none waits.\n")
    with pytest.raises(NotAllowed, match="no mail domain"):
        run("pace", "nonsense", "5")


@pytest.mark.parametrize("words", [("mahouse.gov",), ("--none",), ("mahouse.gov", "5", "--none"), ("mahouse.gov", "0")])
def test_half_an_order_is_no_order(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(delivery_group, ["pace", *words])
    assert answer.exit_code == 2
    assert run("pace") == "No letter waits for any domain.\n"
