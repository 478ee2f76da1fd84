"""Whoever writes to the same offices again: no second letter, one link by email, and no word to a stranger."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, func, select, text

from shared.db.tables import follow_up, submission
from shared.domain.identities import owner_key, unsubscribe_key
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.services.preferences import unsubscribe
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.smtp_server import ScriptedSmtpServer


@pytest.fixture
def mail(settings: Settings) -> Iterator[tuple[ScriptedSmtpServer, Settings]]:
    with ScriptedSmtpServer() as server:
        yield server, Settings(**{**settings.__dict__, "mailbox_url": server.url})


@pytest.fixture
def first(engine: Engine, ring: Ring, mail: tuple[ScriptedSmtpServer, Settings]) -> str:
    """Jamie wrote, and has the copy."""
    make_campaign(engine)
    token = write_letters(engine, ring, mail[1])
    deliver_letters(engine, ring, mail[1], first_tries=True)
    send_mail(engine, ring, mail[1])
    return token


def days_pass(engine: Engine, days: int = 2) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE follow_up SET sent_at = sent_at - interval '{days} days'"))
        # What was not needed any more within the hour.
        connection.execute(text("UPDATE follow_up SET state = 'cancelled' WHERE kind = 'received'"))


def links(engine: Engine) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        rows = connection.execute(
            select(follow_up.c.state, follow_up.c.submission_id).where(follow_up.c.kind == "already_wrote")
        )
        return [(row.state, row.submission_id) for row in rows]


def test_the_person_gets_one_link_to_the_letters_that_are_there(
    engine: Engine, ring: Ring, first: str, mail: tuple[ScriptedSmtpServer, Settings]
) -> None:
    server, settings = mail
    days_pass(engine)
    for _ in range(3):
        write_letters(engine, ring, settings, "Jamie@example.org")
    send_mail(engine, ring, settings)
    assert links(engine) == [("sent", 1)]
    last = server.accepted[-1]
    assert last[1] == "jamie@example.org"
    assert f"/mine/{first}/{owner_key(settings.secret_key, first)}".encode() in last[2].replace(b"=\r\n", b"")
    with engine.connect() as connection:
        assert list(connection.scalars(select(submission.c.expected_letters).order_by("id"))) == [2, 0, 0, 0]


def test_nobody_gets_two_copies_or_links_in_a_day(
    engine: Engine, ring: Ring, first: str, mail: tuple[ScriptedSmtpServer, Settings]
) -> None:
    settings = mail[1]
    write_letters(engine, ring, settings)
    assert links(engine) == []
    days_pass(engine)
    write_letters(engine, ring, settings)
    send_mail(engine, ring, settings)
    write_letters(engine, ring, settings)
    assert links(engine) == [("sent", 1)]
    days_pass(engine)
    write_letters(engine, ring, settings)
    send_mail(engine, ring, settings)
    assert links(engine) == [("sent", 1), ("sent", 1)]


def test_what_waits_to_be_sent_has_the_link_too(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    write_letters(engine, ring, settings)
    assert links(engine) == []


def test_whoever_unsubscribed_gets_none(
    engine: Engine, ring: Ring, first: str, mail: tuple[ScriptedSmtpServer, Settings]
) -> None:
    settings = mail[1]
    days_pass(engine)
    unsubscribe(engine, settings, unsubscribe_key(settings.secret_key, 1), source="test")
    write_letters(engine, ring, settings)
    send_mail(engine, ring, settings)
    assert links(engine) == [("cancelled", 1)]


def test_the_link_puts_no_other_email_off_and_is_put_off_by_none(
    engine: Engine, ring: Ring, first: str, mail: tuple[ScriptedSmtpServer, Settings]
) -> None:
    settings = mail[1]
    days_pass(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE follow_up SET due_at = now() WHERE kind = 'did_they_answer' AND number = 0"))
        connection.execute(text("UPDATE submission SET is_test = false"))
        connection.execute(text("UPDATE letter SET is_test = false"))
        connection.execute(text("UPDATE follow_up SET is_test = false"))
    send_mail(engine, ring, settings)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO follow_up (submission_id, campaign_id, kind, number, recipient_email, email_hash, is_test,"
                " transport) SELECT id, campaign_id, 'already_wrote', 9, email, email_hash, false, transport"
                " FROM submission WHERE id = 1"
            )
        )
    send_mail(engine, ring, settings)
    assert links(engine) == [("sent", 1)]
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE follow_up SET sent_at = sent_at - interval '2 days' WHERE kind <> 'already_wrote'")
        )
        connection.execute(text("UPDATE follow_up SET due_at = now() WHERE kind = 'did_they_answer'"))
    assert send_mail(engine, ring, settings) == 1


def due_kinds(engine: Engine) -> list[str]:
    query = select(follow_up.c.kind).where(follow_up.c.state == "queued", follow_up.c.due_at <= func.now())
    with engine.connect() as connection:
        return list(connection.scalars(query))


def test_the_receipt_that_waits_leaves_at_once_when_the_address_is_used_again(
    engine: Engine, ring: Ring, mail: tuple[ScriptedSmtpServer, Settings]
) -> None:
    """A stranger may have written first: the owner of the address learns of it while the letters still wait."""
    server, settings = mail
    make_campaign(engine)
    token = write_letters(engine, ring, settings)
    assert due_kinds(engine) == []
    write_letters(engine, ring, settings)
    assert due_kinds(engine) == ["received"]
    send_mail(engine, ring, settings)
    [(_, recipient, raw)] = server.accepted
    assert recipient == "jamie@example.org"
    assert f"/mine/{token}/{owner_key(settings.secret_key, token)}".encode() in raw.replace(b"=\r\n", b"")
    for _ in range(3):
        write_letters(engine, ring, settings)
        send_mail(engine, ring, settings)
    assert len(server.accepted) == 1
    assert links(engine) == []


def test_a_receipt_that_a_server_has_put_off_keeps_its_time(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE follow_up SET state = 'deferred', due_at = now() + interval '9 minutes' WHERE kind = 'received'"
            )
        )
    write_letters(engine, ring, settings)
    assert due_kinds(engine) == ["already_wrote"]


def test_a_campaign_without_receipts_sends_the_link_at_once(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM follow_up"))
    write_letters(engine, ring, settings)
    assert due_kinds(engine) == ["already_wrote"]
