"""The organizers' lookup page: why an address got its offices, and nothing of it kept."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from tests.factories import make_campaign
from tests.services.places import files
from tests.web.test_organizer import press, sign_in
from tests.web.test_supporter import begin
from tests.web.test_supporter import press as press_button

POINTS = [
    ("12", "Maple St", "Stow", "01775", 42.1, -71.55),
    ("14", "Maple St", "Stow", "01775", 42.1, files.EDGE_LON - 0.00005),
]


@pytest.fixture
def state(engine: Engine, tmp_path: Path) -> None:
    people = [files.person(1, "Wes West", "1st Essex"), files.person(2, "Eve East", "2nd Essex")]
    people.append(files.person(3, "Sue Senate", "First Essex", "upper"))
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    import_districts(engine, files.write_districts(tmp_path / "h.geojson", ["1st Essex", "2nd Essex"]), "ma")
    import_districts(engine, files.write_districts(tmp_path / "s.geojson", ["First Essex"], "upper"), "ma")
    import_addresses(engine, files.write_points(tmp_path / "points.csv", POINTS), "ma")


@pytest.fixture
def signed_in(client: FlaskClient, engine: Engine) -> FlaskClient:
    make_campaign(engine)
    return sign_in(client, engine)


def ask(client: FlaskClient, street: str, city: str = "Stow", zip5: str = "01775") -> TestResponse:
    return press(client, "/admin/lookup", street=street, city=city, zip=zip5, jurisdiction="MA")


@pytest.mark.usefixtures("state")
def test_a_match_shows_its_steps_offices_and_maps(signed_in: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(signed_in, "12 Maple Street")
    assert answer.request.path == "/admin/lookup"
    assert answer.request.query_string == b""
    assert "no-store" in answer.headers["Cache-Control"]
    for words in ("an imported address point", "true to 10 m", "Wes West", "west@", "Sue Senate", "1st Essex"):
        assert words in answer.text
    assert answer.text.count('class="dmap"') == 2
    assert "Maple" not in caplog.text


@pytest.mark.usefixtures("state")
def test_a_doubt_marks_both_candidates(signed_in: FlaskClient) -> None:
    answer = ask(signed_in, "14 Maple Street")
    assert answer.text.count("one of these, to be asked") == 2
    assert "2nd Essex" in answer.text
    assert "Marked are 1st Essex and 2nd Essex." in answer.text


@pytest.mark.usefixtures("state")
def test_a_slip_offers_close_spellings_that_answer(signed_in: FlaskClient) -> None:
    answer = ask(signed_in, "12 Mapple Street")
    offered = re.findall(r'name="street" value="([^"]+)"', answer.text)
    assert "12 Maple St, Stow, MA 01775" in offered
    assert "no outside service is switched on" in answer.text
    assert "Wes West" in press(signed_in, "/admin/lookup", street=offered[-1], jurisdiction="MA").text


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(("street", "words"), [("PO Box 7", "post office box"), ("Maple St", "house number")])
def test_what_is_missing_is_said(signed_in: FlaskClient, street: str, words: str) -> None:
    assert words in ask(signed_in, street).text


def test_what_is_too_long_is_said(signed_in: FlaskClient) -> None:
    assert "200 characters at most" in ask(signed_in, "1 " + "x" * 300).text


def test_practice_data_say_so(signed_in: FlaskClient) -> None:
    answer = ask(signed_in, "12 Maple Street")
    assert "Practice data are in use" in answer.text
    assert 'class="dmap"' not in answer.text


@pytest.mark.usefixtures("state")
def test_a_letter_tells_how_its_office_was_found(
    signed_in: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    path = begin(signed_in, street="12 Maple St", city="Stow", zip="01775")
    prepare()
    press_button(signed_in, path, "send")
    prepare()
    page = signed_in.get("/admin/letters/1").text
    assert 'href="/admin/letters/1/office"' in page
    answer = signed_in.get("/admin/letters/1/office")
    assert "an imported address point" in answer.text
    assert 'class="dmap"' in answer.text
    assert signed_in.get("/admin/letters/99/office").status_code == 404
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM submission")) == 1


def test_nobody_else_may_look(client: FlaskClient) -> None:
    assert client.get("/admin/lookup").location.startswith("/admin/sign-in")
    assert client.get("/admin/letters/1/office").location.startswith("/admin/sign-in")
