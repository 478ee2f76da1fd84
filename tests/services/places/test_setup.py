"""`dearrep setup`, `import` and `lookup` as a person runs them, with files from a folder or a small web server."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from shared.cli import imports, lookup, setup
from shared.cli.stack import Stack
from shared.domain.us_states import STATES
from shared.errors import DearRepError, NotFound, Retryable
from shared.providers import public_data
from shared.providers.public_data import files_in, official_files
from shared.services.setup import plan_setup
from shared.settings import Settings
from tests.providers.web_folder import WebFolder, serve
from tests.services.places import files


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a state's files."""
    folder = tmp_path / "data"
    folder.mkdir()
    people = [files.person(1, "Wes West", "1st Essex"), files.person(3, "Sue Senate", "First Essex", "upper")]
    files.write_csv(folder / "legislators.csv", files.ROSTER_COLUMNS, people)
    files.write_districts(folder / "house_districts.geojson.gz", ["1st Essex", "2nd Essex"])
    files.write_districts(folder / "senate_districts.geojson.gz", ["First Essex"], "upper")
    files.write_districts(folder / "congress_districts.geojson.gz", ["3rd Congressional District"], "us_house")
    rows = [("12", "Maple St", "Stow", "01775", 42.1, -71.55), ("14", "Maple St", "Stow", "01775", 42.1, -71.50001)]
    files.write_points(folder / "public_addresses.csv", rows)
    road = {"type": "LineString", "coordinates": [[-71.55, 42.1], [-71.54, 42.1]]}
    fields = {"Street": "Elm St", "ZIP_Left": "01775", "ZIP_Right": "01775", "L_From": 1, "L_To": 9, "R_From": 2}
    files.write_geojson(folder / "stow_street_ranges.geojson.gz", [({**fields, "R_To": 8}, road)])
    (folder / "notes.txt").write_text("not data")
    return folder


@pytest.fixture
def run(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, data: Path) -> object:
    """Runs a command with the test's database."""

    @contextmanager
    def stack() -> Iterator[Stack]:
        yield Stack(replace(settings, data=str(data)), engine)

    for module in (imports, lookup, setup):
        monkeypatch.setattr(module, "open_stack", stack)
    return lambda command, *arguments: CliRunner().invoke(command, list(arguments))


def test_setup_imports_a_folder_twice(run: object, engine: Engine) -> None:
    for _ in range(2):
        result: Result = run(setup.setup_command, "ma")  # type: ignore[operator]
        assert result.exit_code == 0, result.output
        assert "Massachusetts is ready" in result.output
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM address_point")).scalar_one() == 2
        assert connection.execute(text("SELECT count(*) FROM street_range")).scalar_one() == 2
        assert connection.execute(text("SELECT count(*) FROM import_run")).scalar_one() == 12


def test_setup_without_streets_and_addresses_says_practice(run: object, data: Path) -> None:
    (data / "public_addresses.csv").unlink()
    result: Result = run(setup.setup_command, "ma", "--directory-only")  # type: ignore[operator]
    assert result.exit_code == 0
    assert "practice offices are used" in result.output


def test_setup_brings_in_what_it_can(run: object, data: Path, engine: Engine) -> None:
    (data / "house_districts.geojson.gz").write_bytes(b"{}")
    result: Result = run(setup.setup_command, "ma")  # type: ignore[operator]
    assert isinstance(result.exception, DearRepError)
    assert "Missing: house_districts.geojson.gz. Run" in str(result.exception)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM district")).scalar_one() == 2


def test_setup_from_a_web_folder(
    run: object, data: Path, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = WebFolder(files={path.name: path.read_bytes() for path in data.iterdir()}, faults=[500])
    with serve(folder):

        @contextmanager
        def stack() -> Iterator[Stack]:
            yield Stack(replace(settings, data=folder.url), engine)

        monkeypatch.setattr(setup, "open_stack", stack)
        result: Result = run(setup.setup_command, "ma")  # type: ignore[operator]
        assert result.exit_code == 0, result.output
        assert "legislators.csv: fetched." in result.output
        folder.tag = '"v2"'
        run(setup.setup_command, "ma")  # type: ignore[operator]
        again: Result = run(setup.setup_command, "ma")  # type: ignore[operator]
    assert again.exit_code == 0, again.output
    assert again.output.count(": not changed since it was fetched.") == len(folder.files) - 1
    assert sorted(path.name for path in (settings.var / "data").iterdir() if path.suffix != ".version") == sorted(
        folder.files.keys() - {"notes.txt"}
    )


def test_a_silent_server_is_not_waited_for_file_by_file(
    run: object, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def refuse(url: str, *_rest: object, **_more: object) -> Path:
        calls.append(url)
        raise Retryable("The connection to data.example failed.")

    @contextmanager
    def stack() -> Iterator[Stack]:
        yield Stack(replace(settings, data=""), engine)

    monkeypatch.setattr(setup, "open_stack", stack)
    monkeypatch.setattr("shared.services.setup.download", refuse)
    monkeypatch.setattr(public_data, "get_text", refuse)
    result: Result = run(setup.setup_command, "ma")  # type: ignore[operator]
    assert "the street files, ma.csv" in str(result.exception)
    assert len(calls) == 3  # the list of streets, one file of each server


def test_official_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["tl_2025_25001_addrfeat.zip", "tl_2025_25003_addrfeat.zip", "tl_2025_33001_addrfeat.zip"]
    monkeypatch.setattr(public_data, "get_text", lambda _url: "".join(f'<a href="{name}">x</a>' for name in names))
    found = official_files(STATES["MA"], with_streets=True)
    assert [(file.kind, file.chamber, file.name) for file in found] == [
        ("legislators", None, "ma.csv"),
        ("legislators", None, "us.csv"),
        ("districts", "upper", "tl_2025_25_sldu.zip"),
        ("districts", "congress", "tl_2025_25_cd119.zip"),
        ("districts", "lower", "tl_2025_25_sldl.zip"),
        ("streets", None, names[0]),
        ("streets", None, names[1]),
    ]


def test_a_folder_named_like_the_state_is_found(data: Path, tmp_path: Path, settings: Settings) -> None:
    data.rename(tmp_path / "ma")
    assert len(files_in(str(tmp_path), STATES["MA"])) == 6
    with pytest.raises(NotFound, match="DEARREP_DATA"):
        plan_setup(replace(settings, data=str(tmp_path / "nowhere")), STATES["MA"])


def test_import_reports_refused_lines(run: object, data: Path) -> None:
    with (data / "public_addresses.csv").open("a") as file:
        file.write("-71.5,42.1,,Nowhere St,,Stow,,MA,01775\n")
    result: Result = run(imports.import_group, "addresses", str(data / "public_addresses.csv"))  # type: ignore[operator]
    assert result.exit_code == 0
    assert "2 new, 0 changed, 0 gone, 0 unchanged, 1 refused." in result.output
    assert "line 4: no house number or street" in result.output


def test_lookup_as_json(run: object) -> None:
    run(setup.setup_command, "ma")  # type: ignore[operator]
    result: Result = run(lookup.lookup_command, "--json", "--no-remote", "12 Maple St, Stow, MA 01775")  # type: ignore[operator]
    answer = json.loads(result.stdout)
    assert list(answer) == ["status", "match", "offices", "suggestions"]
    assert answer["status"] == "matched"
    assert list(answer["match"]) == ["type", "source", "precision_m", "edge_m", "lat", "lon"]
    assert answer["offices"][0] == {
        "chamber": "lower",
        "district": "1st Essex",
        "ocd_id": "ocd-division/country:us/state:ma/sldl:1st_essex",
        "title": "Representative",
        "holder": "Wes West",
        "email": "west@house.example",
        "vacant": False,
    }
    assert [(office["district"], office["vacant"]) for office in answer["offices"]] == [
        ("1st Essex", False),
        ("First Essex", False),
        ("3", None),
    ]


def test_lookup_of_a_file(run: object, tmp_path: Path) -> None:
    run(setup.setup_command, "ma")  # type: ignore[operator]
    rows = [
        ["a", "01775", "12 Maple St", "MA", "Stow"],
        ["b", "", "14 Maple St", "", "Stow"],
        ["c", "", "Maple St", "", ""],
    ]
    file = files.write_csv(tmp_path / "in.csv", ["id", "ZIP", "Address", "state", "city"], rows)
    result: Result = run(lookup.lookup_command, "--csv", str(file))  # type: ignore[operator]
    answers = list(csv.DictReader(io.StringIO(result.stdout)))
    added = (
        "status match_type source precision_m edge_m lower upper congress"
        " lower_holder upper_holder lower_email upper_email"
    )
    assert list(answers[0]) == ["id", "ZIP", "Address", "state", "city", *added.split()]
    assert [(a["id"], a["status"], a["lower"], a["congress"]) for a in answers] == [
        ("a", "matched", "1st Essex", "3"),
        ("b", "doubtful", "1st Essex|2nd Essex", "3"),
        ("c", "incomplete", "", ""),
    ]
    assert answers[1]["lower_holder"] == "Wes West|"
    assert "3 addresses in" in result.stderr
    assert "a second" in result.stderr
