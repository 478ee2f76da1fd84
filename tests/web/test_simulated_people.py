"""The crowd of a simulated action day goes through the pages as browsers do."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.serving import make_server

from shared.domain.simulations import SLUG
from shared.local.simulated_people import Crowd, send_crowd, write_over_http
from shared.queue.ring import Ring
from shared.services import simulation
from shared.services.make_letters import make_due_letters
from shared.services.prepare import prepare_submissions
from shared.services.previews import renew_preview
from shared.settings import Settings


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_supporters_write_through_the_pages(url: str, engine: Engine, ring: Ring, settings: Settings) -> None:
    day = simulation.create_simulation(engine)
    preview = renew_preview(engine, SLUG, actor="dearrep simulate")
    crowd = Crowd(5)
    send_crowd(crowd, day.homes, 0.5, lambda: write_over_http(url, preview))
    assert (crowd.told, crowd.failed, crowd.last_failure) == (5, 0, "")
    prepare_submissions(engine, ring, settings)
    # Five at once are a rush, in which a lookup leaves letters to those who make them.
    make_due_letters(engine, ring, settings)
    figures = simulation.count_simulation(engine, day)
    assert (figures.people, figures.expected, figures.imbalance) == (5, 10, 0)


def test_who_finds_no_campaign_is_counted_as_failed(url: str, engine: Engine) -> None:
    day = simulation.create_simulation(engine)
    simulation.remove_simulation(engine)
    crowd = Crowd(2)
    send_crowd(crowd, day.homes, 0.1, lambda: write_over_http(url))
    assert (crowd.told, crowd.failed, crowd.last_failure) == (0, 2, "POST answered 404 instead of 303")


def test_a_crowd_stops_when_it_is_told_to(engine: Engine) -> None:
    day = simulation.create_simulation(engine)
    crowd = Crowd(1_000)
    crowd.stopping.set()
    send_crowd(crowd, day.homes, 600, lambda: write_over_http("http://127.0.0.1:1"))
    assert crowd.told == crowd.failed == 0
