"""A person who asks to be erased: nothing personal is left, nothing more is sent, and everything still adds up."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from shared.db import erasure
from shared.db.figures import count_imbalance
from shared.errors import NotAllowed, NotFound
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.services.erasure import erase_person, erase_requested
from shared.services.letters import retry_letter
from shared.services.submission_view import read_submission
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.services.came_back import FULL, UNKNOWN, Post, report
from tests.smtp_server import ScriptedSmtpServer

PERSONAL = ("jamie", "rivera", "12 maple")


@pytest.fixture
def token(engine: Engine, settings: Settings, ring: Ring) -> str:
    make_campaign(engine)
    return write_letters(engine, ring, settings)


def everything(engine: Engine) -> str:
    """All rows of all tables, as words."""
    with engine.connect() as connection:
        assert count_imbalance(connection) == 0
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).all()
        return "".join(
            str(connection.scalar(text(f"SELECT coalesce(string_agg(one::text, ''), '') FROM {name} AS one")))
            for name in tables
        ).lower()


def states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT state FROM letter ORDER BY id")))


def test_what_waits_is_cancelled_and_nothing_personal_is_left(
    engine: Engine, settings: Settings, ring: Ring, token: str
) -> None:
    assert any(word in everything(engine) for word in PERSONAL)
    assert erase_person(engine, settings, "Jamie@Example.org") == 1
    assert states(engine) == ["cancelled", "cancelled"]
    assert [word for word in PERSONAL if word in everything(engine)] == []
    assert read_submission(engine, settings, token).first_name == ""
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        deliver_letters(engine, ring, here, first_tries=True)
        send_mail(engine, ring, here)
    assert server.accepted == []


def test_letters_that_left_stay_counted(engine: Engine, settings: Settings, ring: Ring, token: str) -> None:
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        deliver_letters(engine, ring, here, first_tries=True)
        send_mail(engine, ring, here)
    erase_person(engine, settings, "jamie@example.org")
    assert states(engine) == ["sent", "sent"]
    assert [word for word in PERSONAL if word in everything(engine)] == []
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'unconfirmed'"))
    with pytest.raises(NotAllowed, match="deleted"):
        retry_letter(engine, ring, 1, actor="test")


def test_what_is_leaving_is_awaited_and_not_tried_again(
    engine: Engine, settings: Settings, ring: Ring, token: str
) -> None:
    asked = []

    def ask(verb: str) -> None:
        if verb == "RCPT" and not asked:
            asked.append(erase_person(engine, settings, "jamie@example.org"))

    with ScriptedSmtpServer(replies={"DATA": "451 4.3.0 later"}, on_verb=ask) as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert asked == [1]
    assert states(engine) == ["cancelled", "cancelled"]
    assert erase_requested(engine) == 1
    assert [word for word in PERSONAL if word in everything(engine)] == []


def test_nobody_by_that_name(engine: Engine, settings: Settings, token: str) -> None:
    with pytest.raises(NotFound):
        erase_person(engine, settings, "someone@example.org")
    erase_person(engine, settings, "jamie@example.org")
    with pytest.raises(NotFound):
        erase_person(engine, settings, "jamie@example.org")


@pytest.mark.parametrize("told", [FULL, UNKNOWN])
def test_a_letter_without_words_is_never_sent_again(
    engine: Engine, settings: Settings, ring: Ring, sent: str, told: tuple[str, str, str]
) -> None:
    post = Post(engine, settings, ring)
    post.change("UPDATE office_holder SET second_email = 'second@practice.example'")
    erase_person(engine, settings, "jamie@example.org")
    post.comes(report(told))
    assert post.state() == "bounced"
    assert post.ask("SELECT count(*) FROM follow_up WHERE kind = 'failure'") == [(0,)]
    # The office's other letters take its other address.
    failed = post.ask("SELECT count(*) FROM office_holder WHERE email_failed_at IS NOT NULL")
    assert failed == [(1 if told is UNKNOWN else 0,)]


def test_what_they_wrote_to_us_goes_too(engine: Engine, settings: Settings, ring: Ring, sent: str) -> None:
    post = Post(engine, settings, ring)
    mail = b"From: Jamie@example.org\r\nSubject: Re\r\nMessage-ID: <%d@x>\r\n\r\nI am Jamie.\r\n"
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
    ((number,),) = post.ask("SELECT id FROM follow_up WHERE kind = 'thank_you'")
    for turn, to in enumerate((post.verp("follow_up", number), f"co-ops@{settings.mail_domain}")):
        post.comes(mail % turn, to=to, sender="Jamie@example.org")
    erase_person(engine, settings, "jamie@example.org")
    assert [word for word in PERSONAL if word in everything(engine)] == []
    assert post.ask("SELECT count(*) FROM receipt WHERE raw = '' AND envelope_sender = ''") == [(2,)]


def test_a_request_outlives_a_fault_of_the_database(
    engine: Engine, settings: Settings, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise OperationalError("", None, Exception("deadlock detected"))

    with monkeypatch.context() as broken:
        broken.setattr(erasure, "scrub", fault)
        assert erase_person(engine, settings, "jamie@example.org") == 1
    assert any(word in everything(engine) for word in PERSONAL)
    assert erase_requested(engine) == 1
    assert [word for word in PERSONAL if word in everything(engine)] == []
