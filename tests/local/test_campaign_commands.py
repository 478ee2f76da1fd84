"""`dearrep campaign …` as an organizer types it, on the test's own servers."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from shared.cli.campaigns import campaign
from shared.errors import CampaignFileError, NotAllowed
from shared.settings import ENVIRONMENT_NAMES, Settings
from tests.factories import CAMPAIGN


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
