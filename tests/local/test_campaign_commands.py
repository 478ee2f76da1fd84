"""`dearrep campaign …` as an organizer types it, on the test's own servers."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from shared.cli.campaigns import campaign
from shared.domain.campaign_steps import Step, step_mark
from shared.domain.states import CampaignState
from shared.errors import CampaignFileError, NotAllowed
from shared.services.campaign_import import put_text_aside
from shared.services.campaigns import change_campaign_state, read_campaign
from shared.services.editor.drafts import editions, publish, read_editing, restore, save_step
from shared.settings import ENVIRONMENT_NAMES, Settings
from tests.factories import CAMPAIGN, make_draft
from tests.unit.test_logos import picture


@pytest.fixture
def run(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch):  # noqa: ANN201 - a function
    for field in ("database_url", "redis_url", "secret_key"):
        monkeypatch.setenv(ENVIRONMENT_NAMES[field], getattr(settings, field))
    return lambda *words, typed="": CliRunner().invoke(campaign, words, input=typed)


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
    assert "too light" not in run("import", str(file), "--yes").output
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


TRANSLATED = CAMPAIGN.replace(
    "+++\n<!-- page -->",
    '[translations.es]\ntitle = "Nuestras tiendas"\n+++\n<!-- page: es -->\nEscriba.\n<!-- page -->',
)


@pytest.fixture
def over(run, engine: Engine, tmp_path: Path):  # noqa: ANN001, ANN201 - a function
    """Imports `text` over the campaign that is there; the file names no slug."""
    make_draft(engine, TRANSLATED)

    def import_over(text: str, *words: str, typed: str = "") -> Result:
        file = tmp_path / "Co-Ops.txt"
        file.write_text(text.replace('slug = "co-ops"\n', ""))
        return run("import", str(file), *words, typed=typed)

    return import_over


def other(text: str = CAMPAIGN) -> str:
    changed = text.replace("Please vote for the co-op bill.", "Please vote against it.")
    changed = changed.replace('consents = ["Neighbors United"]\n', 'deadline = 2031-05-01\nconsents = ["Shops"]\n')
    return changed.replace("Please back", "Please oppose")


@pytest.mark.parametrize(
    "states", [["scheduled"], ["live"], ["live", "paused"], ["live", "closed"], ["live", "won"]], ids="-".join
)
def test_a_campaign_that_supporters_know_is_replaced_only_with_that_word(
    over,  # noqa: ANN001
    engine: Engine,
    states: list[str],
) -> None:
    for state in states:
        change_campaign_state(engine, "co-ops", CampaignState(state), actor="test")
    before = read_campaign(engine, "co-ops")
    for words in ((), ("--yes",)):
        refused = over(other(), *words, typed="y\n")
        assert isinstance(refused.exception, NotAllowed)
        assert f"co-ops is {states[-1]}" in str(refused.exception)
        assert "--replace" in str(refused.exception)
        assert read_campaign(engine, "co-ops") == before
    for line in (
        "The slug co-ops comes from the file's name",
        "  deadline: none → 2031-05-0",
        "  translation Español: removed",
        "  consent to hear from Neighbors United: removed",
        "  consent to hear from Shops: added",
        "  letter “all”: changed",
        "-Please vote for the co-op bill.",
        "+Please vote against it.",
        "-Subject: Please back {{district}}'s co-ops",
    ):
        assert line in refused.output
    replaced = over(other(), "--replace")
    assert replaced.exit_code == 0, replaced.output
    assert "letter “all”: changed" in replaced.output
    after = read_campaign(engine, "co-ops")
    assert (after.state, after.campaign.consents, after.campaign.translations) == (before.state, ("Shops",), ())


def test_a_replaced_text_can_be_brought_back_with_its_translations_and_consents(over, engine: Engine) -> None:  # noqa: ANN001
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    before = read_campaign(engine, "co-ops").campaign
    said = over(other(), "--replace").output
    assert "To bring it back, open “Earlier texts” on http" in said
    assert "/admin/campaigns/co-ops/edit/publish" in said
    kept = next(edition for edition in editions(engine, "co-ops") if edition.campaign == before)
    restore(engine, "co-ops", kept.number, actor="test")
    publish(engine, "co-ops", actor="test")
    assert read_campaign(engine, "co-ops").campaign == before


def test_a_draft_is_replaced_after_a_question(over, engine: Engine) -> None:  # noqa: ANN001
    before = read_campaign(engine, "co-ops")
    for typed in ("n\n", ""):
        asked = over(other(), typed=typed)
        assert asked.exit_code == 1
        assert "translation Español: removed" in asked.output
        assert "Replace the draft?" in asked.output
        assert read_campaign(engine, "co-ops") == before
    assert "Imported co-ops (draft)" in over(other(), typed="y\n").output
    assert "Imported co-ops (draft)" in over(TRANSLATED, "--yes").output
    assert "Imported co-ops (draft)" in over(other(), "--replace").output


def test_the_same_text_changes_nothing_and_asks_nothing(over, engine: Engine) -> None:  # noqa: ANN001
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    before = read_campaign(engine, "co-ops")
    said = over(TRANSLATED)
    assert said.exit_code == 0
    assert "already has this text" in said.output
    assert read_campaign(engine, "co-ops") == before


def test_a_text_that_changed_since_it_was_compared_is_not_replaced(engine: Engine) -> None:
    compared = make_draft(engine)
    make_draft(engine, other())
    with pytest.raises(NotAllowed, match="meanwhile"):
        put_text_aside(engine, compared, actor="test")


def test_unpublished_changes_of_the_editor_are_spoken_of(over, engine: Engine) -> None:  # noqa: ANN001
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    editing = read_editing(engine, "co-ops")
    mark = step_mark(editing.campaign, Step.PAGE)
    save_step(engine, "co-ops", Step.PAGE, mark, lambda one: replace(one, lead="Half-ty"), actor="organizer:1")
    assert "The editor has changes that are not published." in over(other()).output
