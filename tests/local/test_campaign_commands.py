"""`dearrep campaign …` as an organizer types it, on the test's own servers."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from shared.cli.campaigns import campaign
from shared.errors import CampaignFileError, NotAllowed
from shared.settings import ENVIRONMENT_NAMES, Settings
from tests.factories import CAMPAIGN
from tests.unit.test_logos import picture


@pytest.fixture
def run(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch):  # noqa: ANN201 - a function
    for field in ("database_url", "redis_url", "secret_key"):
        monkeypatch.setenv(ENVIRONMENT_NAMES[field], getattr(settings, field))
    return lambda *words: CliRunner().invoke(campaign, words)


def test_import_list_export_and_import_again(run, tmp_path: Path) -> None:  # noqa: ANN001
    file = tmp_path / "co-ops.md"
    file.write_text(CAMPAIGN)
    assert "No campaigns yet" in run("list").output
    assert "Its page: http" in run("import", str(file)).output
    exported = run("export", "co-ops").output
    file.write_text(exported)
    assert run("import", str(file)).exit_code == 0
    assert run("export", "co-ops").output == exported
    assert run("list").output.split("\t")[:2] == ["co-ops", "draft"]


def test_a_theme_goes_out_to_a_folder_and_comes_in_again(run, tmp_path: Path) -> None:  # noqa: ANN001
    file, out = tmp_path / "co-ops.md", tmp_path / "out"
    out.mkdir()
    file.write_text(CAMPAIGN.replace('host = "', 'color = "#ff6600"\nlogo = "sign.jpg"\nhost = "'))
    (tmp_path / "sign.jpg").write_bytes(picture((2000, 500), kind="JPEG", mode="RGB"))
    assert "#ff6600 is too light for text. Pages use #bd4b00" in run("import", str(file)).output
    assert "logo sign.png is not in this text" in run("export", "co-ops").stderr
    assert run("export", "co-ops", "--to", str(out)).output.split() == [f"{out}/co-ops.md", f"{out}/sign.png"]
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert b'color = "#ff6600"' in first["co-ops.md"]
    assert run("import", str(out / "co-ops.md")).exit_code == 0
    assert run("export", "co-ops", "--to", str(out)).exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    file.write_text(CAMPAIGN.replace('host = "', 'color = "#6a1b9a"\nhost = "'))
    assert "too light" not in run("import", str(file)).output
    assert run("export", "co-ops").stderr == ""


def test_a_bad_file_names_file_and_line(run, tmp_path: Path) -> None:  # noqa: ANN001
    file = tmp_path / "bad.md"
    file.write_text(CAMPAIGN.replace("{{location}}", "{{shoe_size}}"))
    result = run("import", str(file))
    assert isinstance(result.exception, CampaignFileError)
    assert str(result.exception).startswith("bad.md: line 19: {{shoe_size}} is not a field")


def test_a_campaign_moves_along_its_states(run, tmp_path: Path) -> None:  # noqa: ANN001
    file = tmp_path / "co-ops.md"
    file.write_text(CAMPAIGN)
    run("import", str(file))
    assert isinstance(run("pause", "co-ops").exception, NotAllowed)
    published = run("publish", "co-ops", "--yes")
    assert "No mail relay is set" in published.output
    assert "co-ops is live" in published.output
    assert run("pause", "co-ops").exit_code == 0
    assert run("close", "co-ops").exit_code == 0
