"""Pages that are the same for everybody are made once for a moment, and never two at a time."""

import gzip
import threading

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from shared.domain.states import CampaignState
from shared.services.campaigns import change_campaign_state
from tests.factories import make_campaign
from web.context import EXTENSION
from web.page_cache import PageCache


def test_readers_cost_the_database_nothing(app: Flask, client: FlaskClient, engine: Engine) -> None:
    make_campaign(engine)
    app.extensions[EXTENSION].pages.seconds = 60.0
    first = client.get("/c/co-ops", headers={"Accept-Encoding": "gzip"})
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    again = client.get("/c/co-ops", headers={"Accept-Encoding": "gzip"})
    assert (again.data, again.status_code) == (first.data, 200)
    assert gzip.decompress(again.data) == client.get("/c/co-ops").data
    assert again.headers["Cache-Control"] == "public, max-age=15"
    assert "Accept-Encoding" in again.headers["Vary"]
    assert "Set-Cookie" not in again.headers
    assert statements == []


def test_a_closed_campaign_is_not_kept_open(app: Flask, client: FlaskClient, engine: Engine) -> None:
    make_campaign(engine)
    assert client.get("/c/co-ops").status_code == 200
    change_campaign_state(engine, "co-ops", CampaignState.CLOSED, actor="test")
    assert "has ended" in client.get("/c/co-ops").text


def test_one_makes_it_while_the_others_get_the_old_one(app: Flask) -> None:
    cache, made, go_on = PageCache(0.0), threading.Event(), threading.Event()

    def slow() -> str:
        made.set()
        assert go_on.wait(5)
        return "new"

    with app.test_request_context():
        assert cache.answer("page", lambda: "old").get_data() == b"old"  # type: ignore[union-attr]

    def renew() -> None:
        with app.test_request_context():
            cache.answer("page", slow)

    renewer = threading.Thread(target=renew)
    renewer.start()
    assert made.wait(5)
    with app.test_request_context():
        assert cache.answer("page", slow).get_data() == b"old"  # type: ignore[union-attr]
        go_on.set()
        renewer.join()
        assert cache.answer("page", lambda: None) is None
