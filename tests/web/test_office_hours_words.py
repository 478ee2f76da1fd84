"""Pages say when letters leave that wait for their office to open, and offer nothing that would not help."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from shared.clock import now
from shared.rendering.speech import say_weekday
from tests.factories import make_campaign
from tests.services.test_office_hours import SPAN, a_zone, hours_of, text_of
from tests.web.test_organizer import press, signed_in

# Pytest finds fixtures by their name in this module.
__all__ = ["signed_in"]


@pytest.fixture
def status_page(signed_in: FlaskClient, engine: Engine, prepare: Callable[[], int]) -> str:
    """The address of a status page: two letters to real offices wait, and nobody is there."""
    zone = a_zone(is_open=False)
    make_campaign(engine, text_of(zone, SPAN))
    typed = {"first_name": "J", "last_name": "R", "email": "j@example.org", "street": "1 A Street", "city": "Natick"}
    letter_page = signed_in.post("/c/co-ops", data=typed).location
    prepare()
    page = press(signed_in, letter_page, action="send").location
    prepare()
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET state = 'live'"))
        connection.execute(text("UPDATE letter SET transport = 'direct', due_at = now() + interval '5 minutes'"))
        connection.execute(text("UPDATE submission SET leaves_at = now() + interval '5 minutes'"))
    return page


def opening() -> str:
    at = hours_of(a_zone(is_open=False), SPAN).next_opening(now())
    assert at
    return say_weekday(at)


def test_supporters_read_when_their_letters_leave(signed_in: FlaskClient, engine: Engine, status_page: str) -> None:
    page = signed_in.get(status_page).text
    assert page.count(f"Leaves when the office opens, {opening()}") == 3
    assert "You can take them back until" in page
    assert "Send now" not in page
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET transport = 'mailbox'"))
    page = signed_in.get(status_page).text
    assert "office opens" not in page
    assert "Send now" in page


def test_organizers_read_it_too(signed_in: FlaskClient, engine: Engine, status_page: str) -> None:
    assert f"Leaves when the office opens, {opening()}." in signed_in.get("/admin/letters/1").text
    campaign = "/admin/campaigns/co-ops"
    words = f"letters leave when the offices open, {opening()}."
    for page in (campaign, f"{campaign}/live"):
        assert words in signed_in.get(page).text
    press(signed_in, "/admin/letters/1/cancel")
    press(signed_in, "/admin/letters/1", "/admin/letters/1/retry")
    assert f"leaves when the office opens, {opening()}." in signed_in.get("/admin/letters/1").text
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET state = 'draft'"))
    assert '<p class="sum mut" data-key="opens" hidden>' in signed_in.get(campaign).text
