"""Send writes only what it read: whatever moves meanwhile is read again, and nothing is accepted twice."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from shared.db import acceptance
from shared.domain.states import CampaignState
from shared.errors import NotAllowed
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.campaigns import change_campaign_state
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


@pytest.fixture
def token(engine: Engine, settings: Settings, ring: Ring) -> str:
    make_campaign(engine)
    return begin_submission(engine, ring, settings, "co-ops", make_supporter())


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], list[int]]:
    """Lets something happen once between reading and writing; counts the writes."""

    def install(happens: Callable[[], object]) -> list[int]:
        writes: list[int] = []
        accept = acceptance.accept

        def slowly(*arguments: object) -> bool:
            writes.append(1)
            if len(writes) == 1:
                happens()
            return accept(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(acceptance, "accept", slowly)
        return writes

    return install


def stored(engine: Engine, token: str) -> dict[str, object]:
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM submission WHERE token = :token"), {"token": token})
        return dict(row.mappings().one())


def test_a_lookup_that_ends_meanwhile_is_seen(
    engine: Engine, settings: Settings, ring: Ring, token: str, between: Callable[[Callable[[], object]], list[int]]
) -> None:
    writes = between(lambda: prepare_submissions(engine, ring, settings))
    accept_submission(engine, ring, settings, token, own_words="Please.")
    assert len(writes) == 2
    assert stored(engine, token)["accepted_at"] is not None
    prepare_submissions(engine, ring, settings)
    assert stored(engine, token)["expected_letters"] == 2


def test_a_campaign_that_closes_meanwhile_takes_nothing(
    engine: Engine, settings: Settings, ring: Ring, token: str, between: Callable[[Callable[[], object]], list[int]]
) -> None:
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    between(lambda: change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test"))
    with pytest.raises(NotAllowed, match="has ended"):
        accept_submission(engine, ring, settings, token, own_words="")
    assert stored(engine, token)["accepted_at"] is None


def test_the_first_of_two_presses_counts(
    engine: Engine, settings: Settings, ring: Ring, token: str, between: Callable[[Callable[[], object]], list[int]]
) -> None:
    between(lambda: accept_submission(engine, ring, settings, token, own_words="first"))
    accept_submission(engine, ring, settings, token, own_words="second")
    assert stored(engine, token)["own_words"] == "first"


def test_what_was_saved_before_is_kept(engine: Engine, settings: Settings, ring: Ring, token: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE submission SET own_words = 'mine', edited_subject = 'S', edited_body = 'B'"))
    accept_submission(engine, ring, settings, token, own_words=None, keep_edit=True)
    row = stored(engine, token)
    assert (row["own_words"], row["edited_subject"], row["edited_body"]) == ("mine", "S", "B")


def test_a_draft_begins_although_the_campaign_is_remembered_as_it_was(
    engine: Engine, settings: Settings, ring: Ring, token: str
) -> None:
    make_campaign(engine, CAMPAIGN.replace("Keep our shops local", "Another title"))
    again = begin_submission(engine, ring, settings, "co-ops", make_supporter("other@example.org"))
    assert stored(engine, again)["state"] == "draft"
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    with pytest.raises(NotAllowed, match="has ended"):
        begin_submission(engine, ring, settings, "co-ops", make_supporter("third@example.org"))
