"""Campaign updates: a test of exactly these words first, then one email to each person who agreed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select, text, update

from shared.db.tables import consent, follow_up, submission, suppression
from shared.domain.campaigns import StoredCampaign
from shared.domain.transport import Transport
from shared.domain.updates import UPDATE_MAX, UpdateState, UpdateWords
from shared.errors import InputError, NotAllowed, NotFound
from shared.queue.ring import Ring
from shared.services import update_view, updates
from shared.services.campaigns import import_campaign
from shared.services.delivery import send_mail
from shared.services.delivery.switches import pause_everything
from shared.services.update_mail import render_update, send_test
from shared.settings import Settings
from tests.factories import CAMPAIGN, write_letters
from tests.smtp_server import ScriptedSmtpServer

OURS, THEIRS = "Neighbors United", "Shops of the Valley"
WORDS = UpdateWords(OURS, "The hearing is on Tuesday", "Come to the **State House**.")
ME = "organizer@example.org"
ACTOR = "organizer:1"
Send = Callable[[], int]


@pytest.fixture
def stored(engine: Engine) -> StoredCampaign:
    return import_campaign(engine, CAMPAIGN.replace(f'["{OURS}"]', f'["{OURS}", "{THEIRS}"]'), name="co-ops.md")


@pytest.fixture
def people(engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign) -> None:
    """Three people who agreed to hear from us; the first wrote twice."""
    for email in ("ana@example.org", "ana@example.org", "ben@example.org", "cho@example.org"):
        write_letters(engine, ring, settings, email)
    agree(engine, OURS)


@pytest.fixture
def number(engine: Engine, stored: StoredCampaign) -> int:
    return updates.save_update(engine, stored, None, WORDS, actor=ACTOR)


@pytest.fixture
def send(engine: Engine, ring: Ring, stored: StoredCampaign, number: int) -> Send:
    """Sends what was tested."""

    def run() -> int:
        words = update_view.read_update(engine, stored.id, number).words
        return updates.send_update(engine, ring, stored, number, mark=words.mark, actor=ACTOR)

    return run


def agree(engine: Engine, organization: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO consent (submission_id, campaign_id, email_hash, organization)"
                " SELECT id, campaign_id, email_hash, :organization FROM submission"
            ),
            {"organization": organization},
        )


def tested(engine: Engine, stored: StoredCampaign, number: int) -> None:
    updates.note_test(engine, stored, number, update_view.read_update(engine, stored.id, number).words)


def of_updates(engine: Engine) -> list[tuple[str, str]]:
    query = select(follow_up.c.recipient_email, follow_up.c.state).where(follow_up.c.kind == "update")
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(query.order_by(follow_up.c.recipient_email))]


@pytest.mark.usefixtures("people")
def test_each_person_is_written_to_once(engine: Engine, stored: StoredCampaign, number: int, send: Send) -> None:
    [ours, theirs] = update_view.count_audiences(engine, stored)
    assert (ours.people, ours.practised, theirs.people) == (3, 3, 0)
    tested(engine, stored, number)
    assert send() == 3
    assert of_updates(engine) == [(f"{name}@example.org", "queued") for name in ("ana", "ben", "cho")]
    assert send() == 3, "a second press changes nothing"
    assert len(of_updates(engine)) == 3
    found = update_view.read_update(engine, stored.id, number)
    assert (found.state, found.recipients, found.progress.waiting) == (UpdateState.SENT, 3, 3)


@pytest.mark.usefixtures("people")
def test_nothing_is_sent_without_a_test_of_exactly_these_words(
    engine: Engine, stored: StoredCampaign, number: int, send: Send
) -> None:
    with pytest.raises(NotAllowed, match="Send yourself a test"):
        send()
    tested(engine, stored, number)
    updates.save_update(engine, stored, number, WORDS, actor=ACTOR)
    assert update_view.read_update(engine, stored.id, number).state is UpdateState.TESTED, "nothing was changed"
    updates.save_update(engine, stored, number, replace(WORDS, body="On Wednesday."), actor=ACTOR)
    with pytest.raises(NotAllowed, match="Send yourself a test"):
        send()
    updates.note_test(engine, stored, number, WORDS)
    assert update_view.read_update(engine, stored.id, number).state is UpdateState.DRAFT, "a test of the words before"
    assert of_updates(engine) == []


@pytest.mark.usefixtures("people")
def test_words_that_somebody_else_has_changed_and_tested_are_read_first(
    engine: Engine, ring: Ring, stored: StoredCampaign, number: int
) -> None:
    updates.save_update(engine, stored, number, replace(WORDS, subject="Another"), actor=ACTOR)
    tested(engine, stored, number)
    with pytest.raises(NotAllowed, match="Another organizer has changed"):
        updates.send_update(engine, ring, stored, number, mark=WORDS.mark, actor=ACTOR)
    assert of_updates(engine) == []


@pytest.mark.usefixtures("people")
def test_whoever_wants_none_gets_none(
    engine: Engine, settings: Settings, ring: Ring, stored: StoredCampaign, number: int, send: Send
) -> None:
    agree(engine, THEIRS)
    with engine.begin() as connection:
        ben = select(submission.c.email_hash).where(submission.c.email == "ben@example.org").scalar_subquery()
        connection.execute(suppression.insert().values(email_hash=ben, campaign_id=stored.id, reason="unsubscribed"))
    tested(engine, stored, number)
    assert send() == 2
    with engine.begin() as connection:
        # After Send, before it leaves: what she agreed to with others does not count.
        cho = select(submission.c.id).where(submission.c.email == "cho@example.org").scalar_subquery()
        ours = (consent.c.submission_id == cho, consent.c.organization == OURS)
        connection.execute(update(consent).where(*ours).values(withdrawn_at=func.now()))
    assert sent_mail(engine, settings, ring) == ["ana@example.org"]
    assert of_updates(engine) == [("ana@example.org", "sent"), ("cho@example.org", "cancelled")]
    with engine.begin() as connection:
        ana = select(submission.c.email_hash).where(submission.c.email == "ana@example.org").limit(1).scalar_subquery()
        connection.execute(suppression.insert().values(email_hash=ana, campaign_id=stored.id, reason="unsubscribed"))
    progress = update_view.read_update(engine, stored.id, number).progress
    assert (progress.sent, progress.not_needed, progress.unsubscribed, progress.waiting) == (1, 1, 1, 0)


def sent_mail(engine: Engine, settings: Settings, ring: Ring) -> list[str]:
    """Sends the updates that are due, as if nothing else were; to whom."""
    with engine.begin() as connection:
        for table, where in (("follow_up", "kind <> 'update'"), ("letter", "true")):
            connection.execute(text(f"UPDATE {table} SET due_at = now() + interval '1 day' WHERE {where}"))
    with ScriptedSmtpServer() as server:
        send_mail(engine, ring, replace(settings, mailbox_url=server.url))
        return [recipient for _, recipient, _ in server.accepted]


def test_nobody_to_send_to_is_said(engine: Engine, stored: StoredCampaign, number: int, send: Send) -> None:
    tested(engine, stored, number)
    with pytest.raises(NotAllowed, match="Nobody has agreed to hear from Neighbors United"):
        send()
    assert update_view.read_update(engine, stored.id, number).state is UpdateState.TESTED


def test_a_campaign_that_asks_nobody_has_no_updates(engine: Engine) -> None:
    silent = import_campaign(engine, CAMPAIGN.replace(f'["{OURS}"]', "[]"), name="co-ops.md")
    with pytest.raises(NotAllowed, match="asks nobody"):
        updates.save_update(engine, silent, None, WORDS, actor=ACTOR)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("organization", "Somebody Else"),
        ("subject", " \n "),
        ("subject", "x" * 201),
        ("body", "  "),
        ("body", "x" * (UPDATE_MAX + 1)),
    ],
)
def test_what_is_missing_or_too_long_is_said(engine: Engine, stored: StoredCampaign, field: str, typed: str) -> None:
    with pytest.raises(InputError) as refused:
        updates.save_update(engine, stored, None, replace(WORDS, **{field: typed}), actor=ACTOR)
    assert list(refused.value.fields) == [field]


def test_an_update_belongs_to_its_campaign(engine: Engine, ring: Ring, number: int) -> None:
    other = import_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"'), name="trees.md")
    assert update_view.list_updates(engine, other.id) == []
    for act in (
        lambda: update_view.read_update(engine, other.id, number),
        lambda: updates.save_update(engine, other, number, WORDS, actor=ACTOR),
        lambda: updates.delete_update(engine, other, number),
        lambda: updates.send_update(engine, ring, other, number, mark=WORDS.mark, actor=ACTOR),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.usefixtures("people")
def test_a_draft_can_be_deleted_and_what_was_sent_stays(
    engine: Engine, stored: StoredCampaign, number: int, send: Send
) -> None:
    draft = updates.save_update(engine, stored, None, WORDS, actor=ACTOR)
    updates.delete_update(engine, stored, draft)
    tested(engine, stored, number)
    send()
    for act in (
        lambda: updates.delete_update(engine, stored, number),
        lambda: updates.save_update(engine, stored, number, replace(WORDS, body="Other"), actor=ACTOR),
    ):
        with pytest.raises(NotAllowed, match="was sent"):
            act()
    assert [one.number for one in update_view.list_updates(engine, stored.id)] == [number]


def test_the_test_is_the_email_itself_and_goes_to_the_organizer_alone(
    engine: Engine, settings: Settings, stored: StoredCampaign, number: int
) -> None:
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        assert send_test(engine, here, stored, number, ME) is Transport.MAILBOX
    [(sender, recipient, raw)] = server.accepted
    assert (sender, recipient) == ("co-ops@letters.example", ME)
    assert b"Subject: [Test] The hearing is on Tuesday" in raw
    assert b"State House" in raw
    assert b"/unsubscribe/" not in raw
    assert update_view.read_update(engine, stored.id, number).state is UpdateState.TESTED
    assert of_updates(engine) == []


@pytest.mark.parametrize(
    ("replies", "drop", "words"),
    [
        ({"RCPT": "550 5.1.1 nobody here"}, "", "The email address does not exist. It said: 550 5.1.1 nobody here"),
        ({}, "greeting", "could not be reached"),
        ({}, "dot", "may have arrived"),
    ],
)
def test_a_test_that_did_not_arrive_is_none(
    engine: Engine,
    settings: Settings,
    stored: StoredCampaign,
    number: int,
    replies: dict[str, str],
    drop: str,
    words: str,
) -> None:
    with ScriptedSmtpServer(replies, drop) as server, pytest.raises(NotAllowed, match=words):
        send_test(engine, replace(settings, mailbox_url=server.url), stored, number, ME)
    assert update_view.read_update(engine, stored.id, number).state is UpdateState.DRAFT


def test_nothing_leaves_while_everything_is_paused(
    engine: Engine, settings: Settings, stored: StoredCampaign, number: int
) -> None:
    pause_everything(engine, paused=True, actor=ACTOR)
    with ScriptedSmtpServer() as server, pytest.raises(NotAllowed, match="Nothing leaves now"):
        send_test(engine, replace(settings, mailbox_url=server.url), stored, number, ME)
    assert server.connections == 0


def test_markdown_is_safe(settings: Settings, stored: StoredCampaign) -> None:
    body = "<script>alert(1)</script> [x](javascript:alert(2)) <img src=x onerror=alert(3)> **bold**"
    email = render_update(settings, stored.campaign, replace(WORDS, subject="<b>Hi</b>", body=body))
    assert "<strong>bold</strong>" in email.html
    for power in ("<script", "<img", 'href="javascript', "<b>Hi"):
        assert power not in email.html, power
