"""Only a live campaign with a relay and real offices writes to them; pauses and undo keep letters back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from shared.db import directory
from shared.domain.places import LookupResult, LookupStatus, Match, MatchType
from shared.domain.states import CampaignState, SubmissionState
from shared.errors import NotAllowed
from shared.services.campaigns import change_campaign_state
from shared.services.letters import retry_letter
from shared.services.lookup.directory import as_office
from shared.services.submissions import send_now, undo_submission
from tests.services.road import Here
from tests.smtp_server import ScriptedSmtpServer


def go_live(here: Here, server: ScriptedSmtpServer) -> None:
    """A real office book, a relay and a live campaign: only then may a letter leave."""
    here.settings = replace(here.settings, mail_relay_url=server.url)
    change_campaign_state(here.engine, "co-ops", CampaignState.LIVE, actor="test")


@pytest.fixture
def live(here: Here, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Practice offices stand in for real ones; what is tested is the road, not the directory."""
    monkeypatch.setattr("shared.services.accept.has_real_directory", lambda *_: True)
    here.begin("warm-up@example.org")
    here.prepare()
    with here.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE office SET is_practice = false")
        connection.exec_driver_sql("DELETE FROM submission")
    monkeypatch.setattr("shared.services.lookup.finder._practice", _real_offices(here.engine))
    return here


def _real_offices(engine: Engine):  # noqa: ANN202 - a stand-in
    def find(*_: object) -> LookupResult:
        with engine.connect() as connection:
            rows = directory.current_offices(connection, "ma", is_practice=False)
            offices = tuple(as_office(row) for row in rows)
        return LookupResult(LookupStatus.MATCHED, Match(MatchType.POINT, "test", 10, 500, 42.0, -71.0), offices)

    return find


def test_going_live_never_releases_test_letters(live: Here) -> None:
    with ScriptedSmtpServer() as mailbox, ScriptedSmtpServer() as relay:
        live.settings = replace(live.settings, mailbox_url=mailbox.url)
        live.send("early@example.org")
        go_live(live, relay)
        live.deliver()
        assert (len(mailbox.accepted), len(relay.accepted)) == (2, 0)
        token = live.send("late@example.org")
        assert not live.view(token).is_test
        send_now(live.engine, live.ring, token)
        live.deliver()
        assert (len(mailbox.accepted), len(relay.accepted)) == (2, 2)


def test_a_relay_alone_or_a_live_campaign_alone_sends_nothing_out(live: Here) -> None:
    with ScriptedSmtpServer() as mailbox, ScriptedSmtpServer() as relay:
        live.settings = replace(live.settings, mailbox_url=mailbox.url, mail_relay_url=relay.url)
        live.send("draft@example.org")
        live.deliver()
        change_campaign_state(live.engine, "co-ops", CampaignState.LIVE, actor="test")
        live.settings = replace(live.settings, mail_relay_url="")
        live.send("no-relay@example.org")
        live.deliver()
    assert (len(mailbox.accepted), len(relay.accepted)) == (4, 0)


def test_live_letters_wait_for_undo_and_can_be_taken_back(live: Here) -> None:
    with ScriptedSmtpServer() as relay:
        go_live(live, relay)
        token = live.send()
        assert live.deliver() == 0
        view = live.view(token)
        assert view.undo_until is not None
        assert view.accepted_at is not None
        assert view.undo_until - view.accepted_at == timedelta(minutes=10)
        undo_submission(live.engine, token)
        assert live.states() == ["cancelled", "cancelled"]
        with pytest.raises(NotAllowed, match="can't be retried"):
            retry_letter(live.engine, live.ring, 1, actor="organizer:1")
        assert live.view(token).state is SubmissionState.WITHDRAWN
        live.send()
        assert live.states()[2:] == ["queued", "queued"]


def test_undo_comes_too_late_once_letters_leave(live: Here) -> None:
    with ScriptedSmtpServer() as relay:
        go_live(live, relay)
        token = live.send()
        send_now(live.engine, live.ring, token)
        with pytest.raises(NotAllowed, match="already leaving"):
            undo_submission(live.engine, token)


def test_a_paused_campaign_keeps_its_letters(live: Here) -> None:
    with ScriptedSmtpServer() as relay:
        go_live(live, relay)
        send_now(live.engine, live.ring, live.send())
        change_campaign_state(live.engine, "co-ops", CampaignState.PAUSED, actor="test")
        token = live.send("during-the-pause@example.org")
        assert not live.view(token).is_test
        send_now(live.engine, live.ring, token)
        assert live.deliver() == 0
        change_campaign_state(live.engine, "co-ops", CampaignState.LIVE, actor="test")
        assert live.deliver() == 4
        assert len(relay.accepted) == 4
