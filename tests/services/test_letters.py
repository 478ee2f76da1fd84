"""What organizers do with single letters, on real PostgreSQL and Redis."""

import pytest
from sqlalchemy import Engine, select

from shared.db.tables import letter
from shared.errors import NotAllowed
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.letters import cancel_letter, retry_letter
from shared.settings import Settings
from tests.factories import make_campaign, write_letters


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


def test_a_cancelled_letter_is_not_retried_beside_a_newer_one(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_campaign(engine)
    write_letters(engine, ring, settings)
    cancel_letter(engine, 1, actor="organizer:1")
    write_letters(engine, ring, settings)
    with pytest.raises(NotAllowed, match="has written to this office again"):
        retry_letter(engine, ring, 1, actor="organizer:1")
    with engine.connect() as connection:
        states = list(connection.scalars(select(letter.c.state).order_by(letter.c.id)))
    assert states == ["cancelled", "queued", "queued"]
