"""`dearrep office`: the same changes as in the console, with who made them."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

from shared.cli.office import office_group
from shared.db.tables import office_change, office_holder
from shared.services.imports.legislators import import_legislators
from shared.settings import Settings
from tests.local.test_commands import environment, use
from tests.services.places import files

OFFICE = "ocd-division/country:us/state:ma/sldl:1st_essex"


@pytest.fixture(autouse=True)
def _stack(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    people = [files.person(1, "Ada North", "1st Essex"), files.person(2, "Bo South", "2nd Essex")]
    import_legislators(engine, files.write_csv(tmp_path / "ma.csv", files.ROSTER_COLUMNS, people), "ma")
    use(monkeypatch, environment(settings))


def run(*words: str) -> str:
    answer = CliRunner().invoke(office_group, words, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.stdout.splitlines()[-1]


def holder(engine: Engine) -> tuple[str, str] | None:
    query = select(office_holder.c.name, office_holder.c.email).where(
        office_holder.c.office_id == 1, office_holder.c.valid_to.is_(None)
    )
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return (row[0], row[1]) if row else None


def test_an_office_is_corrected_vacated_seated_and_brought_back(engine: Engine) -> None:
    assert run("address", OFFICE, "ada@better.example", "--reason", "She told us") == "Corrected. 0 letters leave now."
    assert run("vacant", OFFICE) == "The seat is vacant. 0 letters leave now."
    assert holder(engine) is None
    assert run("seat", OFFICE, "Noor Lane", "--email", "noor@x.example").startswith("Noor Lane holds the seat.")
    assert holder(engine) == ("Noor Lane", "noor@x.example")
    assert run("changes", OFFICE).endswith("She told us")
    assert run("changes", OFFICE, "--undo", "3") == "Undone. 0 letters leave now."
    run("changes", OFFICE, "--undo", "2")
    assert holder(engine) == ("Ada North", "ada@better.example")
    with engine.connect() as connection:
        assert all(who.startswith("command line") for who in connection.scalars(select(office_change.c.who)))


def test_what_is_wrong_is_said(engine: Engine) -> None:
    answer = CliRunner().invoke(office_group, ["address", OFFICE, "nonsense"])
    assert "in the form name@example.org" in answer.output
    assert "Give an address" in CliRunner().invoke(office_group, ["address", OFFICE]).output
    assert run("vacant", OFFICE, "--from", "2027-12-01") == "It is noted for 2027-12-01."
    assert holder(engine) == ("Ada North", "north@house.example")
