"""Delivery as a whole on the organizer's pages: the pause for all and the hold."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from shared.clock import now
from shared.db.installation import Switches, hold, known_identity, read_switches
from shared.domain.running import ProcessKind
from shared.settings import Settings
from tests.running import beat, fall_silent
from tests.web.test_organizer import letters, press, signed_in

# Pytest finds fixtures by their name in this module.
__all__ = ["letters", "signed_in"]

REASON = "The database has gone back in time."
ALARM = '<div class="flash problem" role="alert">'


def switches(engine: Engine) -> Switches:
    with engine.connect() as connection:
        return read_switches(connection)


@pytest.fixture
def held(engine: Engine) -> None:
    with engine.begin() as connection:
        hold(connection, REASON)


def test_everything_is_paused_and_resumed_with_the_organizer_in_the_log(signed_in: FlaskClient, engine: Engine) -> None:
    assert "Everything is paused." not in signed_in.get("/admin/").text
    asked = signed_in.get("/admin/delivery/pause").text
    assert "<h1>Pause everything?</h1>" in asked
    assert not switches(engine).is_paused
    with capture_logs() as logs:
        assert press(signed_in, "/admin/delivery/pause").location == "/admin/delivery"
        assert switches(engine).is_paused
        for page in ("/admin/", "/admin/mailbox", "/admin/campaigns/co-ops", "/admin/campaigns/co-ops/live"):
            assert "<b>Everything is paused.</b>" in signed_in.get(page).text, page
        press(signed_in, "/admin/delivery/resume")
    assert not switches(engine).is_paused
    said = [(log["event"], log["actor"]) for log in logs if log["event"].startswith("delivery.")]
    assert said == [("delivery.paused", "organizer:1"), ("delivery.resumed", "organizer:1")]


@pytest.mark.usefixtures("held")
def test_the_hold_is_an_alarm_with_its_reason_until_it_is_released(signed_in: FlaskClient, engine: Engine) -> None:
    for page in ("/admin/", "/admin/delivery", "/admin/campaigns/co-ops/live"):
        shown = signed_in.get(page).text
        assert ALARM in shown, page
        assert REASON in shown, page
    assert REASON in signed_in.get("/admin/delivery/release").text
    with capture_logs() as logs:
        press(signed_in, "/admin/delivery/release")
    with engine.connect() as connection:
        actor = f"organizer:{connection.scalar(text('SELECT id FROM organizer'))}"
    assert ("delivery.released", REASON, actor) in [(log["event"], log.get("reason"), log.get("actor")) for log in logs]
    assert not switches(engine).stops_all
    with engine.connect() as connection:
        assert known_identity(connection)[0], "this database is ours from now on"
    assert ALARM not in signed_in.get("/admin/").text


@pytest.mark.usefixtures("held")
def test_resuming_releases_nothing(signed_in: FlaskClient, engine: Engine) -> None:
    press(signed_in, "/admin/delivery/pause")
    assert "stays held" in signed_in.get("/admin/delivery/resume").text
    press(signed_in, "/admin/delivery/resume")
    assert switches(engine).hold_reason == REASON


@pytest.mark.parametrize(("move", "words"), [("resume", "It is not paused."), ("release", "Nothing is held.")])
def test_a_change_of_nothing_is_refused_in_words(signed_in: FlaskClient, move: str, words: str) -> None:
    answer = signed_in.get(f"/admin/delivery/{move}")
    assert (answer.status_code, answer.location) == (303, "/admin/delivery")
    assert words in signed_in.get("/admin/delivery").text


@pytest.mark.usefixtures("held")
def test_nothing_changes_without_the_form_token(signed_in: FlaskClient, engine: Engine) -> None:
    for move in ("pause", "release"):
        assert signed_in.post(f"/admin/delivery/{move}").status_code == 400
    assert switches(engine) == Switches(False, REASON, switches(engine).held_at)
    assert signed_in.get("/admin/delivery/nonsense").status_code == 404


@pytest.mark.usefixtures("held")
def test_strangers_learn_nothing_of_a_hold(client: FlaskClient) -> None:
    assert REASON not in client.get("/admin/sign-in").text


def states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT state FROM letter ORDER BY id").scalars())


@pytest.fixture
def doubtful(letters: list[int], engine: Engine) -> None:
    """Held after a restore: a host's ledger says that one of six letters left."""
    with engine.begin() as connection:
        hold(connection, REASON, backup_at=now() - timedelta(hours=1))
        connection.exec_driver_sql("INSERT INTO departure VALUES ('letter', 2, now() - interval '30 minutes')")


@pytest.mark.usefixtures("doubtful")
def test_the_hold_s_page_says_which_letters_may_have_left(signed_in: FlaskClient) -> None:
    page = signed_in.get("/admin/delivery/release").text
    for words in (
        "The backup was made at about",
        "1 waiting letter is known to have left after the backup",
        "5 letters that may have left",
        '/admin/campaigns/co-ops?state=queued#letters">Keep our shops local',
        '/admin/letters/2">Letter 2</a> to',
    ):
        assert words in page, words
    assert "that may have left" not in signed_in.get("/admin/delivery/pause").text


@pytest.mark.usefixtures("doubtful")
@pytest.mark.parametrize(("typed", "others"), [({}, "held"), ({"doubtful": "leave"}, "queued")])
def test_a_release_lets_nothing_leave_twice_unasked(
    signed_in: FlaskClient, engine: Engine, typed: dict[str, str], others: str
) -> None:
    press(signed_in, "/admin/delivery/release", **typed)
    assert states(engine) == [others, "sent", others, others, others, others]
    assert not switches(engine).stops_all
    if typed:
        return
    page = signed_in.get("/admin/campaigns/co-ops?needs=yes&problem=restored").text
    assert "5 letters fit" in page
    assert "may have been sent before a backup was restored" in signed_in.get("/admin/campaigns/co-ops/attention").text


def test_the_page_says_what_waits_for_whom(signed_in: FlaskClient, engine: Engine, letters: list[int]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE domain_pace SET rate_per_hour = 2, open_until = now() + interval '1 minute', open_cause = 'tls'"
        )
    page = signed_in.get("/admin/delivery").text
    for words in (
        "practice.example",
        ">6<",
        "2 an hour",
        "in about 3 hours",
        "Left alone until",
        "A secure connection to the mail relay failed.",
    ):
        assert words in page, words
    assert "No letter waits." not in page


def test_the_page_says_of_a_domain_that_refuses_everything_what_its_server_said(
    signed_in: FlaskClient, engine: Engine, letters: list[int]
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE domain_pace SET open_until = now() + interval '1 hour', open_cause = 'refused', trial = 1,"
            " open_reply = '550 5.7.1 Blocked <by> policy', held_at = now(), allowance = 1"
        )
    page = signed_in.get("/admin/delivery").text
    assert "Left alone until" in page
    assert "Its mail server said: “550 5.7.1 Blocked &lt;by&gt; policy”." in page
    assert "Then it gets a trial of 1 letter." in page
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE domain_pace SET open_until = now(), trial = 4, allowance = 0")
    page = signed_in.get("/admin/delivery").text
    assert "Trial of 4 letters" in page
    assert "Blocked &lt;by&gt; policy" in page
    assert "not known yet" in page
    press(signed_in, "/admin/delivery", "/admin/delivery/try", domain="practice.example")
    page = signed_in.get("/admin/delivery").text
    assert "Trial of" not in page
    assert "policy" not in page


def test_the_page_says_how_many_letters_a_new_domain_gets(
    signed_in: FlaskClient, engine: Engine, letters: list[int]
) -> None:
    assert "new to us" not in signed_in.get("/admin/delivery").text
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE domain_pace SET allowance = 300")
    page = signed_in.get("/admin/delivery").text
    assert "It gets 300 letters until it has refused none for half an hour." in page
    assert "/admin/delivery/try" in page
    press(signed_in, "/admin/delivery", "/admin/delivery/try", domain="practice.example")
    assert "new to us" not in signed_in.get("/admin/delivery").text


def test_the_page_says_so_when_nothing_waits(signed_in: FlaskClient) -> None:
    assert "No letter waits." in signed_in.get("/admin/delivery").text


def test_the_page_says_what_runs(engine: Engine, settings: Settings, signed_in: FlaskClient) -> None:
    beat(engine, settings, ProcessKind.WEB)
    page = signed_in.get("/admin/delivery").text
    assert page.count("No worker is running: nothing leaves until one starts.") == 2
    beat(engine, settings, ProcessKind.WORKER)
    page = signed_in.get("/admin/delivery").text
    assert "1 web, 1 worker running." in page
    assert "Letters leave when they are due." in page
    fall_silent(engine, ProcessKind.WORKER)
    assert "has sent no heartbeat for about" in signed_in.get("/admin/delivery").text


def test_the_page_says_who_gives_signs_of_life(signed_in: FlaskClient, engine: Engine) -> None:
    assert (
        "Nothing is counted yet. Letters appear here 3 days after they left." in signed_in.get("/admin/delivery").text
    )
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sign_count (receiving_domain, since, mailbox, campaign_id, letters, with_sign)"
                " SELECT domain, now() - interval '4 days', mailbox, campaign.id, letters, with_sign"
                " FROM campaign, (VALUES"
                " ('lower.example', 'a', 1000, 3), ('lower.example', 'b', 204, 0), ('upper.example', 'a', 90, 14),"
                " ('other.example', 'a', 7, 0)) AS one(domain, mailbox, letters, with_sign)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO silent_domain (receiving_domain, began, letters, with_sign, due)"
                " VALUES ('lower.example', now(), 1204, 3, 184)"
            )
        )
    shown = signed_in.get("/admin/delivery").text
    assert "3 of 1,204 letters (0.2%), where earlier letters lead us to expect about 184." in shown
    assert shown.count("Replies dropped") == 1
    assert shown.index("lower.example") < shown.index("14 of 90 letters (15.6%)") < shown.index("0 of 7 letters")
    assert shown.count("No replies so far") == shown.count("No sudden change") == 1
