"""What is personal goes after its time; what is counted stays, and so does what somebody agreed to."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select, text

from shared.db.tables import consent, follow_up, letter, submission
from shared.db.updates import count_agreed
from shared.domain.follow_ups import Trigger
from shared.domain.identities import unsubscribe_key
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.delivery import deliver_letters, send_mail
from shared.services.erasure import erase_person
from shared.services.follow_up_plan import plan_follow_ups
from shared.services.preferences import unsubscribe
from shared.services.prepare import prepare_submissions
from shared.services.retention import forget_old
from shared.services.submission_view import read_submission
from shared.services.submissions import begin_submission, undo_submission
from shared.services.sweep import tidy
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter, write_letters
from tests.services.test_erasure import PERSONAL, everything, states
from tests.smtp_server import ScriptedSmtpServer

TIMES = {
    "submission": ("created_at", "accepted_at", "leaves_at", "state_changed_at"),
    "letter": ("state_changed_at", "sent_at"),
    "follow_up": ("state_changed_at", "sent_at", "due_at"),
}


def days_pass(engine: Engine, days: int) -> None:
    with engine.begin() as connection:
        for table, names in TIMES.items():
            moved = ", ".join(f"{name} = {name} - interval '{days} days'" for name in names)
            connection.execute(text(f"UPDATE {table} SET {moved}"))


def finish(engine: Engine, ring: Ring, settings: Settings) -> None:
    """Everything is sent, and no email waits any more."""
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        deliver_letters(engine, ring, here, first_tries=True)
        send_mail(engine, ring, here)
    with engine.begin() as connection:
        connection.execute(text("UPDATE follow_up SET state = 'cancelled' WHERE state IN ('queued', 'deferred')"))


@pytest.fixture
def token(engine: Engine, settings: Settings, ring: Ring) -> str:
    make_campaign(engine)
    written = write_letters(engine, ring, settings)
    finish(engine, ring, settings)
    return written


def test_after_ninety_days_nothing_personal_is_left_and_all_is_counted(
    engine: Engine, settings: Settings, token: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM mailbox_message"))
    days_pass(engine, 89)
    assert forget_old(engine, settings) == 0
    assert any(word in everything(engine) for word in PERSONAL)
    days_pass(engine, 2)
    assert forget_old(engine, settings) == 1
    assert forget_old(engine, settings) == 0
    assert [word for word in PERSONAL if word in everything(engine)] == []
    assert states(engine) == ["sent", "sent"]
    view = read_submission(engine, settings, token)
    assert view.is_erased
    assert [line.state for line in view.letters] == ["sent", "sent"]


def test_never_means_never(engine: Engine, settings: Settings, token: str) -> None:
    days_pass(engine, 400)
    assert forget_old(engine, replace(settings, keep_days=0.0)) == 0
    tidy(engine, replace(settings, keep_days=300.0))
    assert read_submission(engine, settings, token).is_erased


@pytest.mark.parametrize(
    "under_way",
    [
        "UPDATE letter SET state = 'held', hold_reason = 'vacant_seat' WHERE id = 1",
        "UPDATE letter SET state = 'uncertain' WHERE id = 1",
        "UPDATE letter SET state_changed_at = now() WHERE id = 2",
        "UPDATE follow_up SET state = 'deferred' WHERE kind = 'thank_you'",
        "UPDATE submission SET state = 'ready', expected_letters = NULL",
        "UPDATE submission SET accepted_at = NULL",
    ],
)
def test_what_is_under_way_or_has_news_is_kept(engine: Engine, settings: Settings, token: str, under_way: str) -> None:
    days_pass(engine, 91)
    with engine.begin() as connection:
        connection.execute(text(under_way))
    assert forget_old(engine, settings) == 0


def test_what_was_taken_back_goes_too(engine: Engine, settings: Settings, ring: Ring) -> None:
    make_campaign(engine)
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter(street="PO Box 7"))
    accept_submission(engine, ring, settings, token, own_words="")
    undo_submission(engine, token)
    days_pass(engine, 91)
    assert forget_old(engine, settings) == 1


def test_a_later_letter_keeps_the_earlier_ones(engine: Engine, settings: Settings, ring: Ring, token: str) -> None:
    days_pass(engine, 91)
    write_letters(engine, ring, settings)
    assert forget_old(engine, settings) == 0


@pytest.fixture
def agreed(engine: Engine, settings: Settings, ring: Ring) -> str:
    make_campaign(engine)
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
    accept_submission(engine, ring, settings, token, own_words="", consents=("Neighbors United",))
    prepare_submissions(engine, ring, settings)
    finish(engine, ring, settings)
    days_pass(engine, 91)
    return token


def row(engine: Engine) -> dict[str, object]:
    with engine.connect() as connection:
        return dict(connection.execute(select(submission)).mappings().one())


def test_whoever_agreed_to_hear_more_keeps_that_until_they_unsubscribe(
    engine: Engine, settings: Settings, ring: Ring, agreed: str
) -> None:
    assert forget_old(engine, settings) == 1
    left = row(engine)
    assert (left["first_name"], left["email"]) == ("Jamie", "jamie@example.org")
    assert not any(left[name] for name in ("last_name", "street", "city", "zip", "own_words", "lat"))
    with engine.connect() as connection:
        assert set(connection.scalars(select(letter.c.body))) == {""}
        assert set(connection.scalars(select(follow_up.c.recipient_email))) == {""}
        assert count_agreed(connection, 1, "Neighbors United")[0] == 1
    assert read_submission(engine, settings, agreed).is_erased
    assert forget_old(engine, settings) == 0
    # The way out in an old email still works.
    unsubscribe(engine, settings, unsubscribe_key(settings.secret_key, 1), source="test")
    assert forget_old(engine, settings) == 1
    assert row(engine)["email"] == ""
    with engine.connect() as connection:
        assert connection.execute(select(consent)).all() == []


def test_a_consent_that_is_taken_back_ends_it_too(engine: Engine, settings: Settings, agreed: str) -> None:
    forget_old(engine, settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE consent SET withdrawn_at = now()"))
    assert forget_old(engine, settings) == 1
    assert row(engine)["first_name"] == ""


def test_a_request_reaches_what_has_grown_old(engine: Engine, settings: Settings, agreed: str) -> None:
    forget_old(engine, settings)
    assert erase_person(engine, settings, "jamie@example.org") == 1
    assert row(engine)["email"] == ""


def test_a_late_bounce_writes_no_email_to_nobody(engine: Engine, settings: Settings, token: str) -> None:
    days_pass(engine, 91)
    forget_old(engine, settings)
    with engine.begin() as connection:
        before = connection.scalar(text("SELECT count(*) FROM follow_up"))
        plan_follow_ups(connection, 1, [1], Trigger.FAILED)
        assert connection.scalar(text("SELECT count(*) FROM follow_up")) == before
