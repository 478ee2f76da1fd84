"""Accepted letters keep the words that were read, and what is published is what the list was about."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text, update

from shared.db.tables import campaign_edition, letter, submission
from shared.domain.campaign_steps import Step, step_mark
from shared.domain.campaigns import Campaign
from shared.domain.draft_marks import draft_mark
from shared.domain.places import HomeAddress
from shared.domain.states import CampaignState
from shared.errors import NotAllowed
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.address_questions import correct_person
from shared.services.campaigns import change_campaign_state, read_campaign, require_campaign, turn_campaigns
from shared.services.editions import texts_of
from shared.services.editor import publishing
from shared.services.editor.drafts import Editing, discard, editions, publish, read_editing, restore, save_step
from shared.services.prepare import prepare_submissions
from shared.services.submission_view import preview_letters, read_submission
from shared.services.submissions import begin_submission, correct_address
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_draft, make_supporter, write_letters

READ = "Please vote for the co-op bill."
AGAINST = CAMPAIGN.replace("Please vote for", "Please vote against")


def rewrite(words: str) -> Callable[[Campaign], Campaign]:
    return lambda old: replace(
        old, versions=(replace(old.versions[0], body=f"Dear {{{{recipient_name}}}},\n\n{words}"),)
    )


def save(engine: Engine, words: str) -> None:
    mark = step_mark(read_editing(engine, "co-ops").campaign, Step.LETTER)
    save_step(engine, "co-ops", Step.LETTER, mark, rewrite(words), actor="ana")


def words_now(engine: Engine) -> str:
    return read_campaign(engine, "co-ops").campaign.versions[0].body


@pytest.fixture
def live(engine: Engine) -> None:
    make_draft(engine)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")


@pytest.fixture
def asked(engine: Engine, ring: Ring, settings: Settings, live: None) -> str:
    """Somebody pressed Send, and still has a question about the address."""
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter(street="PO Box 12"))
    prepare_submissions(engine, ring, settings)
    accept_submission(engine, ring, settings, token, own_words="")
    return token


def bodies(engine: Engine, ring: Ring, settings: Settings, token: str) -> list[str]:
    """Of the letters, now that the question is answered."""
    correct_address(engine, ring, token, HomeAddress("12 Maple Street", "Worcester", "MA", "01603"))
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        return list(connection.scalars(select(letter.c.body)))


def publish_words(engine: Engine) -> None:
    save(engine, "Other words.")
    publish(engine, "co-ops", actor="ana")


def publish_after_a_discarded_draft(engine: Engine) -> None:
    save(engine, "Thrown away.")
    discard(engine, "co-ops", actor="ana")
    publish_words(engine)


def import_again(engine: Engine) -> None:
    make_draft(engine, AGAINST)


def import_twice_and_publish(engine: Engine) -> None:
    import_again(engine)
    make_draft(engine)
    publish_words(engine)


def restore_another(engine: Engine) -> None:
    import_again(engine)
    publish_words(engine)
    restore(engine, "co-ops", editions(engine, "co-ops")[1].number, actor="ana")
    publish(engine, "co-ops", actor="ana")


def leave_out(engine: Engine) -> None:
    make_draft(
        engine,
        CAMPAIGN.replace("+++\n<!-- page", '[[exclusions]]\nreason = "No."\nchambers = ["lower"]\n+++\n<!-- page'),
    )


CHANGES = [
    publish_words,
    publish_after_a_discarded_draft,
    import_again,
    import_twice_and_publish,
    restore_another,
    leave_out,
]


@pytest.mark.parametrize("change", CHANGES)
def test_who_pressed_send_keeps_the_words_that_they_read(
    engine: Engine, ring: Ring, settings: Settings, asked: str, change: Callable[[Engine], None]
) -> None:
    change(engine)
    assert [READ in preview.html for preview in preview_letters(read_submission(engine, settings, asked))] == [True]
    made = bodies(engine, ring, settings, asked)
    assert [READ in body for body in made] == [True, True]


@pytest.mark.parametrize("change", CHANGES)
def test_so_does_who_pressed_it_before_the_upgrade(
    engine: Engine, ring: Ring, settings: Settings, asked: str, change: Callable[[Engine], None]
) -> None:
    with engine.begin() as connection:
        connection.execute(update(submission).values(edition_id=None))
    change(engine)
    assert [READ in body for body in bodies(engine, ring, settings, asked)] == [True, True]


def test_so_do_letters_that_an_organizer_sends_to_the_right_address(
    engine: Engine, ring: Ring, settings: Settings, live: None
) -> None:
    write_letters(engine, ring, settings)
    publish_words(engine)
    campaign_id = read_campaign(engine, "co-ops").id
    with engine.connect() as connection:
        number = connection.execute(select(submission.c.id)).scalar_one()
    correct_person(engine, ring, campaign_id, number, HomeAddress("1 Elm St", "Worcester", "MA", "01603"), actor="ana")
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        made = connection.scalars(select(letter.c.body).where(letter.c.submission_id != number)).all()
    assert [READ in body for body in made] == [True, True]


def test_a_test_letter_keeps_its_words_while_its_draft_is_typed(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_draft(engine)
    save(engine, "First.")
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter(street="PO Box 12"))
    prepare_submissions(engine, ring, settings)
    accept_submission(engine, ring, settings, token, own_words="")
    save(engine, "Half a sent")
    assert ["First." in body for body in bodies(engine, ring, settings, token)] == [True, True]
    # What only test pages showed is not among the earlier texts, until it goes live.
    assert editions(engine, "co-ops") == []
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    assert [one.campaign.versions[0].body[-11:] for one in editions(engine, "co-ops")] == ["Half a sent"]


def test_the_texts_of_a_submission_are_those_that_it_was_accepted_with(
    engine: Engine, asked: str, settings: Settings
) -> None:
    publish_words(engine)
    with engine.connect() as connection:
        row = connection.execute(select(submission)).mappings().one()
        read = texts_of(connection, require_campaign(connection, "co-ops"), row)
    assert READ in read.versions[0].body
    assert read.title == "Keep our shops local"


def test_an_edition_is_kept_of_what_changed_and_only_then(engine: Engine, live: None) -> None:
    first = read_campaign(engine, "co-ops").edition_id
    make_draft(engine)
    make_draft(engine, CAMPAIGN.replace("Write to the State House.", "Write now."))
    assert read_campaign(engine, "co-ops").edition_id == first
    import_again(engine)
    assert read_campaign(engine, "co-ops").edition_id != first
    assert len(editions(engine, "co-ops")) == 3


def meanwhile(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """The list is green, and while it was made somebody else did something."""

    def green(*_: object) -> None:
        deed()

    monkeypatch.setattr(publishing, "_require_green", green)


@pytest.mark.parametrize("state", [CampaignState.LIVE, CampaignState.SCHEDULED])
def test_what_is_saved_while_the_list_is_made_does_not_go_live(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, state: CampaignState
) -> None:
    make_draft(engine, CAMPAIGN.replace("+++\n<!-- page", "opens = 2999-01-01T09:00:00-05:00\n+++\n<!-- page"))
    save(engine, "Tested words.")
    meanwhile(monkeypatch, lambda: save(engine, "Half a sent"))
    with pytest.raises(NotAllowed, match="because “Letter” changed after you opened"):
        publishing.open_campaign(engine, settings, "co-ops", state, actor="ana")
    assert read_campaign(engine, "co-ops").state is CampaignState.DRAFT


def test_nor_is_it_published(engine: Engine, settings: Settings, live: None, monkeypatch: pytest.MonkeyPatch) -> None:
    save(engine, "Tested words.")
    meanwhile(monkeypatch, lambda: save(engine, "Half a sent"))
    with suppress(NotAllowed):
        publishing.publish_changes(engine, settings, "co-ops", actor="ana")
    assert READ in words_now(engine)
    assert "Half a sent" in read_editing(engine, "co-ops").campaign.versions[0].body


def test_a_page_that_showed_another_draft_publishes_nothing(
    engine: Engine, settings: Settings, live: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(engine, "Tested words.")
    mark = draft_mark(read_editing(engine, "co-ops").campaign)
    save(engine, "Half a sent")
    meanwhile(monkeypatch, lambda: None)
    for wrong in (mark, "", "x", "-" * 50, "é-ü"):
        with pytest.raises(NotAllowed, match="Nothing was published"):
            publishing.publish_changes(engine, settings, "co-ops", actor="ana", mark=wrong)
    assert READ in words_now(engine)
    mark = draft_mark(read_editing(engine, "co-ops").campaign)
    publishing.publish_changes(engine, settings, "co-ops", actor="ana", mark=mark)
    assert "Half a sent" in words_now(engine)


def test_what_is_typed_after_scheduling_does_not_open_by_itself(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_draft(engine, CAMPAIGN.replace("+++\n<!-- page", "opens = 2999-01-01T09:00:00-05:00\n+++\n<!-- page"))
    meanwhile(monkeypatch, lambda: None)
    publishing.open_campaign(engine, settings, "co-ops", CampaignState.SCHEDULED, actor="ana")
    save(engine, "Half a sent")
    past = datetime(2020, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        set_opens(connection, past)
    turn_campaigns(engine)
    assert read_campaign(engine, "co-ops").state is CampaignState.LIVE
    assert READ in words_now(engine)


def set_opens(connection: Connection, opens: datetime) -> None:
    connection.execute(
        text("UPDATE campaign SET content = content || jsonb_build_object('opens', CAST(:at AS text))"),
        {"at": opens.isoformat()},
    )


def test_going_live_by_a_command_names_its_text_too(engine: Engine) -> None:
    make_draft(engine)
    mark = draft_mark(read_campaign(engine, "co-ops").campaign)
    save(engine, "Half a sent")
    with pytest.raises(NotAllowed, match="“Letter”"):
        change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="command", mark=mark)
    assert read_campaign(engine, "co-ops").state is CampaignState.DRAFT


def test_a_test_of_the_letters_brings_no_older_text_back(engine: Engine, settings: Settings, live: None) -> None:
    """Nothing is changed; while the test is on its way a file is imported."""

    def import_meanwhile(*_: Any) -> Any:
        import_again(engine)

    before: Editing = read_editing(engine, "co-ops")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "hand_over_tests", import_meanwhile)
        publishing.send_tests(engine, settings, "co-ops", "ana@example.org", actor="ana")
    editing = read_editing(engine, "co-ops")
    assert editing.campaign == read_campaign(engine, "co-ops").campaign != before.campaign
    assert not editing.is_tested


def test_every_campaign_and_draft_names_an_edition(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_draft(engine)
    begin_submission(engine, ring, settings, "co-ops", make_supporter())
    with engine.connect() as connection:
        known = connection.execute(select(campaign_edition.c.id)).scalar_one()
        assert connection.execute(select(submission.c.edition_id)).scalar_one() == known
    assert read_campaign(engine, "co-ops").edition_id == known
