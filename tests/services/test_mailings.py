"""Emails to everybody of a campaign are prepared in batches: each person once, whatever happens meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from shared.clock import now
from shared.db import updates as rows
from shared.db.happenings import list_happenings
from shared.domain.campaigns import StoredCampaign
from shared.domain.mailings import Mailing, MailingState
from shared.domain.states import CampaignState
from shared.errors import NotAllowed
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services import mailings, update_view
from shared.services.campaigns import change_campaign_state, count_victory, read_campaign, read_victory
from shared.services.delivery import send_mail
from shared.services.mailings import prepare_mailings
from shared.services.parts import failing_parts
from shared.services.sweep import sweep
from shared.services.updates import send_update, stop_update
from shared.settings import Settings
from tests.factories import make_draft
from tests.services.came_back import Post

US = "Neighbors United"
PEOPLE = 7


@pytest.fixture
def stored(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> StoredCampaign:
    """Seven people agreed; the first wrote twice. A batch is two people."""
    monkeypatch.setattr(mailings, "BATCH", 2)
    make_draft(engine)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO submission (
                    token, campaign_id, state, first_name, email, email_hash, us_state, accepted_at, leaves_at,
                    expected_letters, is_test, transport
                )
                SELECT
                    'token ' || n, 1, 'ready', 'Jamie', 'p' || n % 7 || '@example.org', md5('p' || n % 7), 'MA', now(),
                    now(), 0, false, 'mailbox'
                FROM generate_series(1, 8) n
                """
            )
        )
        connection.execute(
            text(
                "INSERT INTO consent (submission_id, campaign_id, organization, email_hash)"
                " SELECT id, 1, :us, email_hash FROM submission"
            ),
            {"us": US},
        )
    return read_campaign(engine, "co-ops")


@pytest.fixture
def number(engine: Engine, stored: StoredCampaign) -> int:
    """A tested update."""
    with engine.begin() as connection:
        number = rows.insert_update(connection, stored.id, organization=US, subject="News", body="Words", actor="test")
        rows.mark_tested(connection, number)
    return number


@pytest.fixture
def send(engine: Engine, ring: Ring, stored: StoredCampaign, number: int) -> Callable[[], int]:
    def run() -> int:
        mark = update_view.read_update(engine, stored.id, number).words.mark
        return send_update(engine, ring, stored, number, mark=mark, actor="test")

    return run


def people(engine: Engine, kind: str) -> list[str]:
    with engine.connect() as connection:
        query = "SELECT recipient_email FROM follow_up WHERE kind = :kind ORDER BY recipient_email"
        return list(connection.scalars(text(query), {"kind": kind}))


EVERYBODY = [f"p{n}@example.org" for n in range(PEOPLE)]


def test_the_press_prepares_a_batch_and_workers_the_rest(
    engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign, number: int, send: Callable[[], int]
) -> None:
    assert update_view.count_audience(engine, stored, US).people == PEOPLE
    assert (send(), len(people(engine, "update"))) == (2, 2)
    found = update_view.read_update(engine, stored.id, number).mailing
    assert found
    assert (found.state, found.prepared) == (MailingState.RUNNING, 2)
    assert TaskName.PREPARE_MAILINGS in sweep(engine, ring, settings)
    prepare_mailings(engine, ring, settings)
    assert people(engine, "update") == EVERYBODY
    done = update_view.read_update(engine, stored.id, number)
    assert done.mailing
    assert (done.mailing.state, done.mailing.people, done.recipients) == (MailingState.DONE, 7, 7)
    assert TaskName.PREPARE_MAILINGS not in sweep(engine, ring, settings)
    assert send() == PEOPLE, "a second press changes nothing"
    assert people(engine, "update") == EVERYBODY


def test_a_worker_that_dies_repeats_and_leaves_out_nobody(
    engine: Engine, settings: Settings, ring: Ring, send: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    send()
    real = mailings.mailings.write_mailing

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        monkeypatch.setattr(mailings.mailings, "write_mailing", dies)
        with pytest.raises(KeyboardInterrupt):
            mailings._prepare_next(engine, None)
        monkeypatch.setattr(mailings.mailings, "write_mailing", real)
        mailings._prepare_next(engine, None)
    prepare_mailings(engine, ring, settings)
    assert people(engine, "update") == EVERYBODY


def test_who_writes_again_or_leaves_meanwhile(
    engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign, number: int, send: Callable[[], int]
) -> None:
    """Who has their email gets no second one by a newer letter; a new person is not part of it; who left gets none."""
    send()
    have = people(engine, "update")
    gone = next(one for one in reversed(EVERYBODY) if one not in have)
    post = Post(engine, settings, ring)
    post.change(
        "INSERT INTO submission (token, campaign_id, state, first_name, email, email_hash, us_state, accepted_at,"
        " leaves_at, expected_letters, is_test, transport) SELECT 'again ' || email, 1, 'ready', 'Jamie', email,"
        " email_hash, 'MA', now(), now(), 0, false, 'mailbox' FROM submission WHERE id IN (1, 2, 3)"
        " UNION ALL SELECT 'new', 1, 'ready', 'New', 'new@example.org', md5('new'), 'MA', now(), now(), 0, false,"
        " 'mailbox'"
    )
    post.change(
        "INSERT INTO consent (submission_id, campaign_id, organization, email_hash)"
        f" SELECT id, 1, '{US}', email_hash FROM submission WHERE id > 8"
    )
    post.change(f"UPDATE consent SET withdrawn_at = now() WHERE email_hash = md5('{gone.split('@')[0]}')")
    prepare_mailings(engine, ring, settings)
    assert people(engine, "update") == [one for one in EVERYBODY if one != gone]


def test_the_campaigns_page_tells_of_an_update_at_each_stage(
    engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign, number: int, send: Callable[[], int]
) -> None:
    def told() -> list[str]:
        with engine.connect() as connection:
            return [one.words for one in list_happenings(connection, stored.id, now() - timedelta(hours=1))]

    send()
    assert "Update being prepared" in told()
    prepare_mailings(engine, ring, settings)
    assert f"Update sent to {PEOPLE} people" in told()
    with engine.begin() as connection:
        connection.execute(text("UPDATE mailing SET state = 'failed'"))
    assert "Update stopped" in told()


def test_an_update_is_stopped(
    engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign, number: int, send: Callable[[], int]
) -> None:
    send()
    stop_update(engine, stored, number, actor="organizer:1")
    prepare_mailings(engine, ring, settings)
    send_mail(engine, ring, settings)
    with engine.connect() as connection:
        states = set(connection.scalars(text("SELECT state FROM follow_up WHERE kind = 'update'")))
    assert (len(people(engine, "update")), states) == (2, {"cancelled"})
    found = update_view.read_update(engine, stored.id, number)
    assert found.mailing
    assert (found.mailing.state, found.recipients) == (MailingState.STOPPED, 2)
    assert [one.mailing for one in update_view.list_updates(engine, stored.id)] == [found.mailing]
    with pytest.raises(NotAllowed, match="prepared already"):
        stop_update(engine, stored, number, actor="organizer:1")


def test_a_campaign_that_is_not_won_any_more_tells_nobody_else(
    engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign
) -> None:
    assert count_victory(engine, stored) == PEOPLE
    change_campaign_state(engine, "co-ops", CampaignState.WON, actor="test")
    assert len(people(engine, "victory")) == 2
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    prepare_mailings(engine, ring, settings)
    assert len(people(engine, "victory")) == 2
    change_campaign_state(engine, "co-ops", CampaignState.WON, actor="test")
    prepare_mailings(engine, ring, settings)
    assert people(engine, "victory") == EVERYBODY, "each once"
    victory = read_victory(engine, read_campaign(engine, "co-ops"))
    assert victory
    assert (victory.state, victory.prepared, victory.people) == (MailingState.DONE, PEOPLE, PEOPLE)


def test_one_person_whose_email_fails_is_left_out_after_some_tries(
    engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign, number: int, send: Callable[[], int]
) -> None:
    _refuse(engine, "NEW.recipient_email = 'p3@example.org'")
    send()
    waits = []
    for _ in range(4):
        prepare_mailings(engine, ring, settings)
        waits += [_be_due(engine)]
    prepare_mailings(engine, ring, settings)
    _allow(engine)
    assert waits == [10, 20, 40, 0]
    assert people(engine, "update") == [one for one in EVERYBODY if one != "p3@example.org"]
    found = update_view.read_update(engine, stored.id, number).mailing
    assert found
    assert (found.state, found.prepared, found.people) == (MailingState.DONE, 6, 7)


def test_a_fault_that_meets_all_leaves_out_nobody_and_is_an_alarm(
    engine: Engine,
    settings: Settings,
    ring: Ring,
    stored: StoredCampaign,
    number: int,
    send: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailings, "_MOST_LEFT_OUT", 1)
    _refuse(engine, "NEW.kind = 'update'")
    send()
    change_campaign_state(engine, "co-ops", CampaignState.WON, actor="test")
    for _ in range(5):
        prepare_mailings(engine, ring, settings)
        _be_due(engine)
    found = update_view.read_update(engine, stored.id, number).mailing
    assert found
    assert (found.is_running, found.is_delayed, found.prepared) == (True, True, 0)
    assert people(engine, "victory") == EVERYBODY, "another mailing goes on"
    for _ in range(2):
        sweep(engine, ring, settings)
    assert [one.part for one in failing_parts(engine)] == ["find mailings that fail"]
    _allow(engine)
    prepare_mailings(engine, ring, settings)
    assert people(engine, "update") == EVERYBODY


def test_a_press_is_kept_while_the_first_batch_fails(
    engine: Engine, stored: StoredCampaign, number: int, send: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("", None, Exception("away"))

    with monkeypatch.context() as patched:
        patched.setattr(mailings.mailings, "lock_running", away)
        assert send() == 0
    found = update_view.read_update(engine, stored.id, number).mailing
    assert found
    assert found.is_running


@pytest.mark.parametrize(("people", "prepared", "minutes"), [(None, 10, None), (300, 0, None), (300, 100, 2)])
def test_minutes_left(people: int | None, prepared: int, minutes: int | None) -> None:
    began = now()
    mailing = Mailing(1, MailingState.RUNNING, people, prepared, began)
    assert mailing.minutes_left(began + timedelta(minutes=1)) == minutes


def _be_due(engine: Engine) -> int:
    """In how many seconds the next try would have been."""
    with engine.begin() as connection:
        wait = connection.scalar(text("SELECT extract(epoch FROM due_at - now()) FROM mailing WHERE state = 'running'"))
        connection.execute(text("UPDATE mailing SET due_at = now()"))
    return max(0, round(wait or 0))


def _refuse(engine: Engine, when: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {when} THEN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$;"
            " CREATE TRIGGER breaks BEFORE INSERT ON follow_up FOR EACH ROW EXECUTE FUNCTION breaks()"
        )


def _allow(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION breaks CASCADE")


def test_a_mailing_that_always_fails_comes_to_an_end(
    engine: Engine, ring: Ring, settings: Settings, stored: StoredCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "MOST_TRIES", 3)
    monkeypatch.setattr(mailings, "_batch", _breaks)
    change_campaign_state(engine, "co-ops", CampaignState.WON, actor="test")
    post = Post(engine, settings, ring)
    for _ in range(3):
        post.change("UPDATE mailing SET due_at = now()")
        prepare_mailings(engine, ring, settings)
    assert post.ask("SELECT state FROM mailing") == [("failed",)]


def _breaks(*_: object, **__: object) -> None:
    raise ZeroDivisionError
