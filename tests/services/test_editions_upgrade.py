"""An installation with campaigns, drafts and accepted letters gets editions, and loses nothing."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, select, text

from shared.db.engine import make_engine
from shared.db.tables import campaign, campaign_edition, letter, submission
from shared.db.upgrade import alembic_config, upgrade
from shared.domain.campaigns import from_document
from shared.domain.places import HomeAddress
from shared.domain.states import CampaignState
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.campaigns import change_campaign_state, read_campaign
from shared.services.editor.drafts import editions
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission, correct_address
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_draft, make_supporter

_DATED = CAMPAIGN.replace("+++\n<!-- page", "deadline = 2999-01-01T09:00:00-05:00\n+++\n<!-- page")


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    """A database of its own."""
    made = make_engine(empty_database_url)
    upgrade(made)
    yield made
    made.dispose()


def upgrade_from_before(connection: Connection, *, forget: bool) -> None:
    """From the version before; with `forget` it had kept no text."""
    config = alembic_config(connection)
    command.downgrade(config, str(ScriptDirectory.from_config(config).get_revision("0027").down_revision))
    if forget:
        connection.execute(text("DELETE FROM campaign_edition"))
    command.upgrade(config, "head")


def test_campaigns_and_letters_of_the_version_before(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_draft(engine, _DATED)
    make_draft(engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter(street="PO Box 12"))
    prepare_submissions(engine, ring, settings)
    accept_submission(engine, ring, settings, token, own_words="")
    draft = begin_submission(engine, ring, settings, "co-ops", make_supporter("ana@example.org"))
    with engine.begin() as connection:
        upgrade_from_before(connection, forget=True)
    with engine.connect() as connection:
        kept = connection.execute(select(campaign_edition).order_by(campaign_edition.c.id)).mappings().all()
        named = connection.execute(select(campaign.c.edition_id).order_by(campaign.c.id)).scalars().all()
        assert connection.execute(select(submission.c.edition_id)).scalars().all() == [None, None]
    assert [row["id"] for row in kept] == named
    assert [row["kind"] for row in kept] == ["published", "test"]
    assert from_document(kept[0]["content"]) == read_campaign(engine, "co-ops").campaign
    assert len(editions(engine, "co-ops")) == 1
    make_draft(engine, CAMPAIGN.replace("Please vote for", "Please vote against"))
    correct_address(engine, ring, token, HomeAddress("12 Maple Street", "Worcester", "MA", "01603"))
    prepare_submissions(engine, ring, settings)
    make_draft(engine, _DATED)
    accept_submission(engine, ring, settings, draft, own_words="")
    make_draft(engine, CAMPAIGN.replace("Please vote for", "Please vote against"))
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        bodies = connection.execute(select(letter.c.body)).scalars().all()
    assert ["Please vote for" in body for body in bodies] == [True] * 4


def test_a_text_that_was_kept_already_is_not_kept_twice(engine: Engine) -> None:
    make_draft(engine)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    make_draft(engine, CAMPAIGN.replace("Please vote for", "Please vote against"))
    before = [one.number for one in editions(engine, "co-ops")]
    with engine.begin() as connection:
        upgrade_from_before(connection, forget=False)
    assert [one.number for one in editions(engine, "co-ops")] == before
    assert read_campaign(engine, "co-ops").edition_id == before[0]
