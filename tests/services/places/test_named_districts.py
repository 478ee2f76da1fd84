"""A service that names another district than our shapes give at its own point: the supporter is asked."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.domain.places import Chamber, HomeAddress, LookupResult, LookupStatus
from shared.services.imports.addresses import import_addresses
from shared.services.imports.districts import import_districts
from shared.services.imports.legislators import import_legislators
from shared.services.lookup import look_up
from shared.settings import Settings
from tests.providers.web_folder import WebFolder, serve
from tests.services.places import files

MATCH = {
    "matchedAddress": "77 NEW ST, STOW, MA, 01775",
    "coordinates": {"x": -71.55, "y": 42.1},
    "addressComponents": {"streetName": "NEW", "suffixType": "ST", "city": "STOW", "state": "MA", "zip": "01775"},
}


@pytest.fixture
def state(engine: Engine, tmp_path: Path) -> Engine:
    people = [files.person(1, "Wes West", "1st Essex"), files.person(2, "Eve East", "2nd Essex")]
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    import_districts(engine, files.write_districts(tmp_path / "h.geojson", ["1st Essex", "2nd Essex"]), "ma")
    points = [("12", "Maple St", "Stow", "01775", 42.1, -71.55)]
    import_addresses(engine, files.write_points(tmp_path / "points.csv", points), "ma")
    return engine


def find(state: Engine, settings: Settings, named: str) -> LookupResult:
    layers = {"2026 State Legislative Districts - Lower": [{"NAME": named, "GEOID": "25001"}]}
    body = {"result": {"addressMatches": [{**MATCH, "geographies": layers}]}}
    with serve(WebFolder(files={"address": json.dumps(body).encode()})) as folder:
        asking = replace(settings, geocoders=f"census={folder.url}address")
        return look_up(state, asking, "ma", (Chamber.LOWER,), HomeAddress("77 New St", "Stow", "MA", "01775"))


@pytest.mark.parametrize("named", ["1st Essex District", "77th Middlesex District"])
def test_the_same_name_and_an_unknown_one_are_no_doubt(state: Engine, settings: Settings, named: str) -> None:
    result = find(state, settings, named)
    assert (result.status, [office.holder for office in result.offices]) == (LookupStatus.MATCHED, ["Wes West"])


def test_another_of_our_districts_is_a_question(state: Engine, settings: Settings) -> None:
    result = find(state, settings, "2nd Essex District")
    assert result.status is LookupStatus.DOUBTFUL
    assert [office.holder for office in result.offices] == ["Wes West", "Eve East"]
    assert result.asked == {Chamber.LOWER}
