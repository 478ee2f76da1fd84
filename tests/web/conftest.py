"""The web app on the test's database, and a worker that works off its queues on request."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.delivery import deliver_letters
from shared.services.prepare import prepare_submissions
from shared.settings import Settings
from web.app import create_app


@pytest.fixture(autouse=True)
def visitors_are_written_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment later the broker is another test's."""
    monkeypatch.setattr("shared.queue.recent_visitors._start", lambda _write: True)


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


@pytest.fixture
def app(settings: Settings, engine: Engine, ring: Ring) -> Flask:
    return create_app(settings, engine, ring)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def prepare(settings: Settings, engine: Engine, ring: Ring) -> Callable[[], int]:
    return lambda: prepare_submissions(engine, ring, settings)


@pytest.fixture
def deliver(settings: Settings, engine: Engine, ring: Ring) -> Callable[[], int]:
    return lambda: deliver_letters(engine, ring, settings, first_tries=True)
