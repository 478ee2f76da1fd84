"""Letters that have left, so that something can come back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters
from shared.settings import Settings
from tests.factories import make_draft, make_ring, write_letters
from tests.services.came_back import Post
from tests.services.filters import Office
from tests.services.road import Here
from tests.shuffled_rows import SEED, Shuffler
from tests.smtp_server import ScriptedSmtpServer


@pytest.fixture(scope="package", autouse=True)
def shuffled_rows() -> Iterator[None]:
    """Rows without an order come in any order."""
    with pytest.MonkeyPatch.context() as patch:
        Shuffler(SEED).install(patch)
        yield


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return make_ring(settings)


@pytest.fixture
def sent(engine: Engine, settings: Settings, ring: Ring) -> str:
    """One supporter's two letters are out, to a server that took them."""
    make_draft(engine)
    token = write_letters(engine, ring, settings)
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    return token


@pytest.fixture
def here(engine: Engine, settings: Settings, ring: Ring) -> Here:
    """One campaign, and its services."""
    make_draft(engine)
    return Here(engine, settings, ring)


@pytest.fixture
def office(engine: Engine, settings: Settings, ring: Ring) -> Office:
    make_draft(engine)
    write_letters(engine, ring, settings)
    post = Post(engine, settings, ring)
    # The servers of these tests count over one connection.
    post.change("INSERT INTO relay_state (server, max_connections) VALUES ('relay', 1)")
    return Office(engine, settings, ring, post)
