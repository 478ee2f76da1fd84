"""No name, address, email or letter text in logs, Redis, URLs or exceptions: the whole road, then a look."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import redis
import structlog
from flask.testing import FlaskClient
from sqlalchemy import Engine

from shared.domain.identities import owner_key
from shared.domain.places import HomeAddress
from shared.domain.supporter_input import SupporterDetails
from shared.logging import configure_logging
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.delivery import deliver_letters, send_mail
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import make_campaign
from tests.smtp_server import ScriptedSmtpServer
from web.app import create_app

PERSON = SupporterDetails(
    "Xanthippe", "Quillfeather", "xq@example.org", HomeAddress("77 Zyzzyva Lane", "Worcester", "MA", "01603")
)
OWN_WORDS = "My unmistakable sentence."
PRIVATE = ("Xanthippe", "Quillfeather", "xq@", "Zyzzyva", "unmistakable")


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """Logs as production writes them, and quiet again afterwards."""
    before = logging.getLogger().handlers[:]
    stream = io.StringIO()
    configure_logging("DEBUG", stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = before


@pytest.mark.parametrize(
    "script", [{}, {"replies": {"RCPT": "550 5.1.1 <xq@example.org> Quillfeather unknown"}}, {"drop": "dot"}]
)
def test_the_whole_road_leaves_no_trace_of_a_person(
    script: dict[str, object], engine: Engine, settings: Settings, logs: io.StringIO
) -> None:
    make_campaign(engine)
    ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
    with ScriptedSmtpServer(**script) as server:  # type: ignore[arg-type]
        settings = Settings(**{**settings.__dict__, "mailbox_url": server.url})
        client = create_app(settings, engine, ring).test_client()
        walk_the_pages(client)
        token = begin_submission(engine, ring, settings, "co-ops", PERSON)
        accept_submission(engine, ring, settings, token, own_words=OWN_WORDS)
        prepare_submissions(engine, ring, settings)
        deliver_letters(engine, ring, settings, first_tries=True)
        send_mail(engine, ring, settings)
        come_back(client, settings, token)
        sweep(engine, ring, settings)
    lines = logs.getvalue().splitlines()
    assert any("mail.tried" in line for line in lines)
    assert any('"event": "request"' in line for line in lines)
    for line in lines:
        json.loads(line)
        assert not [word for word in (*PRIVATE, token) if word in line]
    broker = redis.Redis.from_url(settings.redis_url)
    stored = b"".join(broker.dump(key) or b"" for key in broker.scan_iter()) + b"".join(broker.scan_iter())
    assert stored
    assert not [word for word in PRIVATE if word.encode() in stored]


def walk_the_pages(client: FlaskClient) -> None:
    """Typed and mistyped, so that error pages are logged too."""
    typed = {
        "first_name": "Xanthippe",
        "last_name": "Quillfeather",
        "email": "xq@",
        "street": "77 Zyzzyva Lane",
        "city": "",
    }
    assert client.post("/c/co-ops", data=typed).status_code == 422
    answer = client.post("/c/co-ops", data=typed | {"email": "xq@example.net", "city": "Worcester"})
    assert answer.status_code == 303
    assert not [word for word in PRIVATE if word in answer.location]
    assert client.post(answer.location, data={"own_words": OWN_WORDS}).status_code == 400


def come_back(client: FlaskClient, settings: Settings, token: str) -> None:
    """The second visit, up to the deletion of everything."""
    opened = client.get(f"/mine/{token}/{owner_key(settings.secret_key, token)}", follow_redirects=True)
    assert "Xanthippe" in opened.text
    assert "unmistakable" in opened.text
    again = {"first_name": "Xanthippe", "last_name": "Quillfeather", "email": "xq@example.org"}
    again |= {"street": "77 Zyzzyva Lane", "city": "Worcester"}
    assert client.post("/c/co-ops", data=again).location.startswith(f"/mine/{token}?draft=")
    assert client.post("/c/co-ops", data=again | {"email": "xq@gmial.com"}).status_code == 422
    page = client.get(f"/s/{token}/delete").text
    form = {"csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0]}
    assert client.post(f"/s/{token}/letters/1/cancel", data=form).status_code in (303, 409)
    assert client.post(f"/s/{token}/delete", data=form).status_code == 303


def test_a_crash_is_logged_without_what_a_person_typed(engine: Engine, settings: Settings, logs: io.StringIO) -> None:
    ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
    app = create_app(settings, engine, ring)

    @app.get("/crash")
    def crash() -> str:
        raise ValueError("Quillfeather of 77 Zyzzyva Lane")

    assert app.test_client().get("/crash").status_code == 500
    assert "ValueError" in logs.getvalue()
    assert not [word for word in PRIVATE if word in logs.getvalue()]
