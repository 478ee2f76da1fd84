"""The launch rehearsal: what it finds, that it counts for nothing, and what happens when its worker dies."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from shared.domain.campaigns import StoredCampaign
from shared.domain.rehearsals import Change, Finding, Kind, RehearsalState, Report
from shared.queue.names import TaskName
from shared.services.campaigns import read_campaign
from shared.services.rehearsal import RehearsalPage, ask_rehearsal, read_rehearsals, run, run_rehearsals
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_ring
from tests.services.places.rehearsed import HOUSE, SENATE, import_small_state


def rehearse(engine: Engine, settings: Settings) -> RehearsalPage:
    assert ask_rehearsal(engine, None, "co-ops", actor="test")
    assert run_rehearsals(engine, None, settings) == 1
    return read_rehearsals(engine, read_campaign(engine, "co-ops"))


def report_of(page: RehearsalPage) -> Report:
    assert page.report is not None
    return page.report


def found(report: Report) -> dict[Kind, Finding]:
    return {one.kind: one for one in report.findings}


@pytest.fixture
def small_state(engine: Engine, tmp_path: Path) -> StoredCampaign:
    import_small_state(engine, tmp_path)
    return make_campaign(engine)


def test_each_problem_is_found_once(engine: Engine, settings: Settings, small_state: StoredCampaign) -> None:
    report = report_of(rehearse(engine, settings))
    assert (report.supporters, report.offices, report.letters, report.sent) == (6, 6, 9, 9)
    kinds = found(report)
    assert set(kinds) == {Kind.NO_HOLDER, Kind.NO_EMAIL, Kind.SHARED_ADDRESS, Kind.NO_RELAY}
    assert [item.label for item in kinds[Kind.NO_HOLDER].items] == ["Representative, 4th Hampshire"]
    assert [item.label for item in kinds[Kind.NO_EMAIL].items] == ["Representative Cy Carter, 3rd Hampshire"]
    assert kinds[Kind.SHARED_ADDRESS].items[0].label == "shared@house.example"
    assert [one.kind for one in report.serious] == [Kind.NO_EMAIL]
    assert [(one.name, one.offices) for one in report.versions] == [("all", 4)]


def test_offices_that_are_left_out_are_listed_and_nothing_else_is_said_of_them(
    engine: Engine, settings: Settings, small_state: StoredCampaign
) -> None:
    excluded = '[[exclusions]]\nchambers = ["lower"]\nreason = "They have voted."\n+++\n<!-- page -->'
    make_campaign(engine, CAMPAIGN.replace("+++\n<!-- page -->", excluded))
    report = report_of(rehearse(engine, settings))
    assert (report.letters, report.sent) == (6, 6)
    kinds = found(report)
    assert set(kinds) == {Kind.LEFT_OUT, Kind.NO_RELAY}
    assert len(kinds[Kind.LEFT_OUT].items) == len(HOUSE)
    assert kinds[Kind.LEFT_OUT].items[0].detail == "They have voted."


def test_nothing_of_it_is_counted(engine: Engine, settings: Settings, small_state: StoredCampaign) -> None:
    rehearse(engine, settings)
    with engine.connect() as connection:
        for table in ("submission", "letter", "letter_event", "follow_up", "domain_pace", "mailbox_message"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


def test_long_subjects_are_found_where_they_are_long(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    import_small_state(engine, tmp_path)
    make_campaign(engine, CAMPAIGN.replace("Please back", "Please vote for the bill that helps"))
    items = found(report_of(rehearse(engine, settings)))[Kind.LONG_SUBJECT].items
    assert [item.label for item in items] == [f"Senator Eve Early, {SENATE[1]}"]
    assert items[0].detail.startswith("96 characters: Please vote")


def test_the_forecast_follows_the_pace(engine: Engine, settings: Settings, small_state: StoredCampaign) -> None:
    with engine.begin() as connection:
        values = "VALUES ('relay', 'senate.example', 3600)"
        connection.execute(text(f"INSERT INTO domain_pace (transport, receiving_domain, rate_per_hour) {values}"))
    lines = {line.domain: line for line in report_of(rehearse(engine, settings)).forecast}
    assert lines["senate.example"].letters == 20_000
    assert lines["house.example"].letters == 10_000
    done, begins = lines["senate.example"].done_at, report_of(rehearse(engine, settings)).begins_at
    assert done is not None
    assert 20_000 - 60 < (done - begins).total_seconds() < 20_000 + 60
    assert lines["house.example"].done_at is None


def test_a_mended_problem_is_told_and_a_new_one_marked(
    engine: Engine, settings: Settings, small_state: StoredCampaign
) -> None:
    assert rehearse(engine, settings).change is None
    with engine.begin() as connection:
        connection.execute(text("UPDATE office_holder SET email = 'cy@house.example' WHERE name = 'Cy Carter'"))
        connection.execute(text("UPDATE office_holder SET email = 'no address' WHERE name = 'Eve Early'"))
    page = rehearse(engine, settings)
    assert page.change == Change(mended=1, new=1)
    wrong = found(report_of(page))[Kind.WRONG_EMAIL]
    assert [(item.label, item.is_new) for item in wrong.items] == [(f"Senator Eve Early, {SENATE[1]}", True)]


def test_an_empty_installation_is_told_what_to_import(engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    report = report_of(rehearse(engine, settings))
    assert (report.supporters, report.letters, report.sent) == (1, 2, 2)
    assert found(report)[Kind.PRACTICE].items[0].label == "Massachusetts"


def test_a_changed_campaign_makes_the_report_old(
    engine: Engine, settings: Settings, small_state: StoredCampaign
) -> None:
    assert not rehearse(engine, settings).is_outdated
    make_campaign(engine, CAMPAIGN.replace("Please vote", "Please do vote"))
    assert read_rehearsals(engine, read_campaign(engine, "co-ops")).is_outdated


def test_one_at_a_time_and_the_sweep_rings_for_it(engine: Engine, settings: Settings) -> None:
    make_campaign(engine)
    ring = make_ring(settings)
    assert ask_rehearsal(engine, None, "co-ops", actor="test")
    assert not ask_rehearsal(engine, None, "co-ops", actor="test")
    assert TaskName.REHEARSE in sweep(engine, ring, settings)
    assert run_rehearsals(engine, ring, settings) == 1
    assert TaskName.REHEARSE not in sweep(engine, ring, settings)


def test_a_run_whose_worker_died_is_taken_over_once_and_then_given_up(engine: Engine, settings: Settings) -> None:
    stored = make_campaign(engine)
    ask_rehearsal(engine, None, "co-ops", actor="test")
    for _ in range(2):
        with engine.begin() as connection:
            assert run.rehearsals.claim(connection) is not None
            assert run.rehearsals.claim(connection) is None
            connection.execute(text("UPDATE rehearsal SET lease_until = now() - interval '1 second'"))
    assert run_rehearsals(engine, None, settings) == 0
    latest = read_rehearsals(engine, stored).latest
    assert latest is not None
    assert latest.state is RehearsalState.FAILED


def test_a_run_that_fails_says_so_and_can_be_repeated(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = make_campaign(engine)
    with monkeypatch.context() as broken:
        broken.setattr(run, "rehearse", lambda *_: 1 / 0)
        ask_rehearsal(engine, None, "co-ops", actor="test")
        run_rehearsals(engine, None, settings)
    latest = read_rehearsals(engine, stored).latest
    assert latest is not None
    assert latest.state is RehearsalState.FAILED
    assert rehearse(engine, replace(settings, mail_domain="x.example")).report is not None


def test_a_chamber_of_which_nobody_is_known_must_be_mended(
    engine: Engine, settings: Settings, small_state: StoredCampaign
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM office_holder USING office WHERE office.id = office_id AND chamber = 'upper'")
        )
    report = report_of(rehearse(engine, settings))
    assert len(found(report)[Kind.NO_ROSTER].items) == 2
    assert Kind.NO_ROSTER in {one.kind for one in report.serious}


def test_a_crowd_that_is_served_too_late_is_told(
    engine: Engine, settings: Settings, small_state: StoredCampaign
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET deliver_by = now() + interval '2 hours'"))
        values = "VALUES ('relay', 'senate.example', 60)"
        connection.execute(text(f"INSERT INTO domain_pace (transport, receiving_domain, rate_per_hour) {values}"))
    late = found(report_of(rehearse(engine, settings)))[Kind.TOO_LATE]
    assert [item.label for item in late.items] == ["senate.example"]


def test_what_stays_empty_or_grows_too_large_is_found(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    import_small_state(engine, tmp_path)
    make_campaign(engine, CAMPAIGN.replace("Please vote", f"{'Please do vote. ' * 5_000}\n\nPlease vote"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE office SET title = '' WHERE district = '1st Hampshire'"))
    kinds = found(report_of(rehearse(engine, settings)))
    assert [item.label.strip() for item in kinds[Kind.UNFILLED].items] == ["Ann Able, 1st Hampshire"]
    assert kinds[Kind.UNFILLED].items[0].detail == "The field recipient_title has no value."
    assert len(kinds[Kind.LARGE_MESSAGE].items) == 3
