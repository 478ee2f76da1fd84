"""What organizers do with single letters, on real PostgreSQL and Redis."""

import pytest
from sqlalchemy import Engine, select

from shared.db.tables import letter
from shared.errors import NotAllowed
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.letters import cancel_letter, retry_letter
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


def write(engine: Engine, ring: Ring, settings: Settings) -> None:
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
    accept_submission(engine, ring, settings, token, own_words="")
    prepare_submissions(engine, ring, settings)


def test_a_cancelled_letter_is_not_retried_beside_a_newer_one(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_campaign(engine)
    write(engine, ring, settings)
    cancel_letter(engine, 1, actor="organizer:1")
    write(engine, ring, settings)
    with pytest.raises(NotAllowed, match="has written to this office again"):
        retry_letter(engine, ring, 1, actor="organizer:1")
    with engine.connect() as connection:
        states = list(connection.scalars(select(letter.c.state).order_by(letter.c.id)))
    assert states == ["cancelled", "queued", "queued"]
