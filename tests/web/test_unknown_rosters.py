"""Where a chamber's members are not imported, nothing shown to anybody calls their seats vacant."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from tests.factories import CAMPAIGN, make_campaign
from tests.services.places import files

TYPED = {
    "first_name": "Jamie",
    "last_name": "Rivera",
    "email": "jamie@example.org",
    "street": "12 Maple St",
    "city": "Stow",
    "zip": "01775",
}
WITH_CONGRESS = CAMPAIGN.replace("consents", 'chambers = ["lower", "congress"]\nconsents')


@pytest.fixture
def state(engine: Engine, tmp_path: Path) -> None:
    """Shapes of both chambers, and the members of the House only; one of its seats is truly vacant."""
    people = [files.person(1, "Wes West", "1st Essex")]
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    import_districts(engine, files.write_districts(tmp_path / "h.geojson", ["1st Essex", "2nd Essex"]), "ma")
    congress = files.write_districts(tmp_path / "c.geojson", ["3rd Congressional District"], "us_house")
    import_districts(engine, congress, "ma")
    points = [("12", "Maple St", "Stow", "01775", 42.1, -71.55), ("14", "Maple St", "Stow", "01775", 42.1, -71.45)]
    import_addresses(engine, files.write_points(tmp_path / "points.csv", points), "ma")
    make_campaign(engine, WITH_CONGRESS)


def pages(client: FlaskClient, prepare: Callable[[], int], street: str) -> str:
    """The letter page and, after Send, the status page."""
    path = client.post("/c/co-ops", data=TYPED | {"street": street}).location
    prepare()
    letter = client.get(path).text
    client.post(path, data={"action": "send", "own_words": ""})
    prepare()
    return letter + client.get(path, follow_redirects=True).text


@pytest.mark.usefixtures("state")
def test_a_known_roster_with_an_empty_seat_says_vacant(client: FlaskClient, prepare: Callable[[], int]) -> None:
    assert "Nobody holds this seat now" in pages(client, prepare, "14 Maple St")


@pytest.mark.usefixtures("state")
def test_an_unknown_roster_says_nothing_of_a_vacancy(client: FlaskClient, prepare: Callable[[], int]) -> None:
    shown = pages(client, prepare, "12 Maple St").casefold()
    assert "wes west" in shown
    assert "u.s. representative" in shown
    assert "vacant" not in shown
    assert "nobody holds this seat" not in shown
