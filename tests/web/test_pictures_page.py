"""The pictures on a campaign's live page, their polls, and the table of all districts."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text

from shared.db.tables import drawing
from shared.services.figures import current_figures
from shared.settings import Settings
from tests.factories import make_ring, write_letters
from tests.services.places.rehearsed import import_small_state
from tests.web.test_organizer import letters, signed_in
from tests.web.test_results_page import text_of

# Pytest finds fixtures by their name in this module.
__all__ = ["letters", "signed_in"]

PAGE = "/admin/campaigns/co-ops"


@pytest.fixture
def state(signed_in: FlaskClient, engine: Engine, settings: Settings, tmp_path: Path) -> FlaskClient:
    """Real offices of a small state; two letters to its first House seat, one to its first seat in the Senate."""
    ring = make_ring(settings)
    for name in "ab":
        write_letters(engine, ring, settings, f"{name}@example.org")
    import_small_state(engine, tmp_path)
    with engine.begin() as connection:
        office = "(SELECT id FROM office WHERE ocd_id LIKE '%{}' AND NOT is_practice)"
        to = "UPDATE letter SET state = 'sent', sent_at = now(), office_id = {} WHERE id IN ({})"
        connection.execute(text(to.format(office.format("sldl:1st_hampshire"), "1, 3")))
        connection.execute(text(to.format(office.format("sldu:hampshire_and_franklin"), "2")))
        connection.execute(text("UPDATE letter SET state = 'cancelled' WHERE id = 4"))
        connection.execute(text("DELETE FROM snapshot"))
    current_figures(engine, settings)
    return signed_in


def test_practice_offices_say_how_to_get_a_map(signed_in: FlaskClient, letters: list[int]) -> None:
    words = text_of(signed_in, PAGE)
    assert "These are practice offices, which have no districts" in words
    assert "dearrep setup ma" in words
    assert "practice offices: test letters only" in words
    assert "3 letters" not in words
    assert "Letters by office, as a table" in words


def test_the_map_is_shaded_and_leads_to_letters(state: FlaskClient, engine: Engine) -> None:
    page = state.get(PAGE).text
    assert len(re.findall(r'<path id="d\d+" d="M', page)) == 4
    assert re.search(r'office=\d+#letters" tabindex="-1"><title>1st Hampshire, Ann Able: 2 letters</title>', page)
    assert "<title>4th Hampshire, vacant: no letters</title>" in page
    assert re.findall(r'<use href="#d\d" class="(z\d)"', page).count("z0") == 3
    assert "style=" not in page
    words = text_of(state, PAGE)
    assert "3 House districts and 1 Senate district without a letter yet" in words
    assert "Ann Able Representative, 1st Hampshire 2 100%" in words
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(drawing)) == 1


def test_a_refresh_brings_shades_without_shapes(state: FlaskClient) -> None:
    state.get(PAGE)
    part = state.get(f"{PAGE}/map?chamber=upper").text
    assert part.count('<use href="#d') == 2
    assert 'd="M' not in part
    assert 'data-key="shades"' in part


def test_the_chart_has_its_table_and_its_spans(state: FlaskClient) -> None:
    for by, title in (("minute", "Last 60 minutes"), ("hour", "Last 48 hours"), ("day", "Last 30 days")):
        words = text_of(state, f"{PAGE}/flow?by={by}")
        assert f"Letters per {by} {title}" in words
        assert re.search(r"Together 4 3 0", words)
    assert "no letter waits" in words
    assert state.get(f"{PAGE}?by=nonsense&chamber=nonsense").status_code == 200


def test_every_district_is_in_a_table(state: FlaskClient) -> None:
    words = text_of(state, f"{PAGE}/districts")
    assert "3 House districts without a letter" in words
    assert "4th Hampshire Vacant seat" in words
    assert "2nd Hampshire Representative Bob Baker" in words
    assert re.search(r"1st Hampshire Representative Ann Able 2 to 1st Hampshire 2 \(100%\)", words)
    assert "Hampshire and Franklin Senator Dee Drew 1" in text_of(state, f"{PAGE}/districts?chamber=upper")


def test_one_chamber_needs_no_switch(state: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET jurisdiction = 'ne', updated_at = now()"))
    words = text_of(state, PAGE)
    assert "0 Legislature districts" in words
    assert "There are no district shapes of this chamber yet" in words
    assert "dearrep setup ne" in words
