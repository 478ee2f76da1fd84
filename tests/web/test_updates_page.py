"""Updates on the organizer's pages: written, tested, sent after a question, and never twice."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text

from shared.db.tables import campaign_update, follow_up
from shared.domain.states import CampaignState
from shared.queue.ring import Ring
from shared.services import mailings
from shared.services.campaigns import change_campaign_state, import_campaign
from shared.services.delivery.switches import pause_everything
from shared.settings import Settings
from tests.factories import CAMPAIGN, write_letters
from tests.smtp_server import ScriptedSmtpServer
from tests.web.test_organizer import press, signed_in

# Pytest finds fixtures by their name in this module.
__all__ = ["signed_in"]

LIST = "/admin/campaigns/co-ops/updates"
NEW, FIRST = f"{LIST}/new", f"{LIST}/1"
TYPED = {"organization": "Neighbors United", "subject": "A hearing", "body": "Come on **Tuesday**."}


@pytest.fixture
def mailbox() -> Iterator[ScriptedSmtpServer]:
    with ScriptedSmtpServer() as server:
        yield server


@pytest.fixture
def settings(settings: Settings, mailbox: ScriptedSmtpServer) -> Settings:
    return replace(settings, mailbox_url=mailbox.url)


@pytest.fixture
def people(signed_in: FlaskClient, engine: Engine, ring: Ring, settings: Settings) -> None:
    """Two people agreed, one of them twice."""
    for email in ("ana@example.org", "ana@example.org", "ben@example.org"):
        write_letters(engine, ring, settings, email)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO consent (submission_id, campaign_id, email_hash, organization)"
                " SELECT id, campaign_id, email_hash, 'Neighbors United' FROM submission"
            )
        )


def emails(engine: Engine) -> int:
    with engine.connect() as connection:
        query = select(func.count()).select_from(follow_up).where(follow_up.c.kind == "update")
        return connection.execute(query).scalar_one()


def words_of(client: FlaskClient, path: str) -> str:
    """The page's words in one line."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.mark.usefixtures("people")
def test_from_the_first_word_to_everybody(signed_in: FlaskClient, engine: Engine, mailbox: ScriptedSmtpServer) -> None:
    assert "2 people agreed to hear from Neighbors United." in words_of(signed_in, LIST)
    assert press(signed_in, NEW, action="save", **TYPED).location == FIRST
    page = signed_in.get(FIRST)
    assert 'value="send" disabled' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert signed_in.get(f"{FIRST}/send").location == FIRST
    assert press(signed_in, FIRST, action="test", **TYPED).location == FIRST
    assert "The test to organizer@example.org was sent. It is in the local mailbox." in words_of(signed_in, FIRST)
    assert [recipient for _, recipient, _ in mailbox.accepted] == ["organizer@example.org"]
    assert press(signed_in, FIRST, action="send", **TYPED).location == f"{FIRST}/send"
    asked = words_of(signed_in, f"{FIRST}/send")
    assert "Send to 2 people?" in asked
    assert emails(engine) == 0
    mark = re.search(r'name="mark" value="(\w+)"', signed_in.get(f"{FIRST}/send").text)
    assert mark
    for _ in range(2):
        assert press(signed_in, "/admin/password", f"{FIRST}/send", mark=mark[1]).location == FIRST
        assert emails(engine) == 2
    sent = words_of(signed_in, FIRST)
    assert "On its way to 2 people." in sent
    assert "Sent 0 of 2 Waiting 2 Bounced or refused 0 Unsubscribed since 0" in sent
    assert "Sent to 2 on" in words_of(signed_in, LIST)
    assert signed_in.get(f"{FIRST}/send").location == FIRST
    for late in (
        lambda: signed_in.get(f"{FIRST}/delete"),
        lambda: press(signed_in, "/admin/password", FIRST, action="save", **TYPED | {"body": "Too late."}),
    ):
        assert late().location == FIRST
        assert "This update was sent. It stays as it was." in words_of(signed_in, FIRST)


@pytest.mark.usefixtures("people")
def test_other_words_need_another_test(signed_in: FlaskClient, engine: Engine, mailbox: ScriptedSmtpServer) -> None:
    press(signed_in, NEW, action="test", **TYPED)
    changed = TYPED | {"body": "Come on Wednesday."}
    assert press(signed_in, FIRST, action="send", **changed).location == f"{FIRST}/send"
    assert signed_in.get(f"{FIRST}/send").location == FIRST
    page = words_of(signed_in, FIRST)
    assert "Send yourself a test of exactly these words first." in page
    assert "Come on Wednesday." in page
    assert press(signed_in, FIRST, f"{FIRST}/send", mark="0").location == FIRST
    assert emails(engine) == 0


def test_what_was_typed_stays_where_something_is_missing(signed_in: FlaskClient, engine: Engine) -> None:
    answer = press(signed_in, NEW, action="test", **TYPED | {"subject": ""})
    assert answer.status_code == 422
    assert "Write a subject" in answer.text
    assert "Come on **Tuesday**." in answer.text
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(campaign_update)) == 0


def test_a_mail_server_that_refuses_is_told_and_the_words_are_kept(
    signed_in: FlaskClient, mailbox: ScriptedSmtpServer
) -> None:
    mailbox.replies["RCPT"] = "550 5.1.1 nobody here"
    press(signed_in, NEW, action="test", **TYPED)
    page = words_of(signed_in, FIRST)
    assert "was not sent, and counts for nothing. The email address does not exist." in page
    assert "Draft, not tested" in page


@pytest.mark.usefixtures("people")
def test_a_pause_is_said_before_anything_is_sent(
    signed_in: FlaskClient, engine: Engine, mailbox: ScriptedSmtpServer
) -> None:
    press(signed_in, NEW, action="test", **TYPED)
    pause_everything(engine, paused=True, actor="organizer:1")
    assert "The emails wait until everything is resumed." in words_of(signed_in, f"{FIRST}/send")


def test_without_anybody_who_agreed_there_is_no_button(signed_in: FlaskClient) -> None:
    press(signed_in, NEW, action="test", **TYPED)
    assert 'value="send" disabled' in signed_in.get(FIRST).text
    assert "Nobody has agreed to hear from Neighbors United yet" in words_of(signed_in, FIRST)
    assert "There is nobody to send it to" in words_of(signed_in, f"{FIRST}/send")


def test_a_draft_is_deleted_after_a_question(signed_in: FlaskClient) -> None:
    press(signed_in, NEW, action="save", **TYPED)
    assert "Nobody got it." in words_of(signed_in, f"{FIRST}/delete")
    assert press(signed_in, f"{FIRST}/delete").location == LIST
    assert signed_in.get(FIRST).status_code == 404


def test_a_campaign_that_asks_nobody_says_so(signed_in: FlaskClient, engine: Engine) -> None:
    import_campaign(engine, CAMPAIGN.replace('["Neighbors United"]', "[]"), name="co-ops.md")
    assert "This campaign asks nobody" in words_of(signed_in, LIST)
    assert "This campaign asks nobody" in words_of(signed_in, NEW)
    assert "Write an update" not in words_of(signed_in, LIST)


def test_another_campaign_shows_none_of_it(signed_in: FlaskClient, engine: Engine) -> None:
    press(signed_in, NEW, action="save", **TYPED)
    import_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"'), name="trees.md")
    assert "A hearing" not in signed_in.get("/admin/campaigns/trees/updates").text
    for part in ("", "/email", "/send", "/delete"):
        assert signed_in.get(f"/admin/campaigns/trees/updates/1{part}").status_code == 404


def test_the_preview_has_no_power(signed_in: FlaskClient) -> None:
    press(signed_in, NEW, action="save", **TYPED | {"body": "<script>alert(1)</script> **bold**"})
    shown = signed_in.get(f"{FIRST}/email")
    assert "<script>alert" not in shown.text
    assert "<strong>bold</strong>" in shown.text
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "<script>alert" not in signed_in.get(FIRST).text


def test_nothing_happens_without_the_form_token(signed_in: FlaskClient, engine: Engine) -> None:
    press(signed_in, NEW, action="save", **TYPED)
    for path in (NEW, FIRST, f"{FIRST}/send", f"{FIRST}/delete"):
        assert signed_in.post(path, data=TYPED).status_code == 400
    assert signed_in.get(FIRST).status_code == 200


@pytest.mark.usefixtures("people")
def test_progress_is_shown_and_an_update_is_stopped(
    signed_in: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "BATCH", 1)
    press(signed_in, NEW, action="test", **TYPED)
    mark = re.search(r'name="mark" value="([^"]+)"', signed_in.get(f"{FIRST}/send").text)
    assert mark
    press(signed_in, f"{FIRST}/send", mark=mark[1])
    assert "1 emails prepared so far." in words_of(signed_in, FIRST)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mailing SET people = 2, began_at = now() - interval '3 minutes'"))
    assert "1 of 2 emails prepared. About 3 minutes left." in words_of(signed_in, FIRST)
    assert "Being prepared since" in words_of(signed_in, LIST)
    assert "0 have left already" in words_of(signed_in, f"{FIRST}/stop")
    assert press(signed_in, f"{FIRST}/stop").location == FIRST
    page = words_of(signed_in, FIRST)
    assert "An organizer stopped this update. 1 of 2 emails were prepared by then" in page
    assert signed_in.get(f"{FIRST}/stop").location == FIRST
    assert emails(engine) == 1


@pytest.mark.usefixtures("people")
def test_the_news_of_a_victory_is_counted_before_and_shown_after(
    signed_in: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "BATCH", 1)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    won = "/admin/campaigns/co-ops/state/won"
    assert "2 people get the news by email" in words_of(signed_in, won)
    press(signed_in, won, seen="live")
    assert "emails prepared so far" in words_of(signed_in, "/admin/campaigns/co-ops")
    with engine.begin() as connection:
        connection.execute(text("UPDATE mailing SET people = 2"))
    assert "1 of 2 emails prepared." in words_of(signed_in, "/admin/campaigns/co-ops/live")
