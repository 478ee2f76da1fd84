"""A letter that is lost, or too many, is an alarm wherever somebody looks, and nothing else is taken for one."""

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from shared.db import figures as rows
from shared.queue.ring import Ring
from shared.services.doctor import Finding, examine
from shared.services.figures import current_figures
from shared.services.sweep import sweep, tidy
from shared.settings import Settings
from tests.factories import make_campaign
from tests.services.test_figures import AGE, Change, change, ring

# Pytest finds fixtures by their name in this module.
__all__ = ["change", "ring"]


def unbalanced(logs: list[dict[str, object]]) -> list[object]:
    return [log["letters"] for log in logs if log["event"] == "letters.unbalanced"]


def test_a_lost_letter_is_noticed_by_the_sweep_and_repeated(
    change: Change, engine: Engine, ring: Ring, settings: Settings
) -> None:
    with capture_logs() as logs:
        sweep(engine, ring, settings)
        assert unbalanced(logs) == []
        change("DELETE FROM letter_event WHERE letter_id = 1")
        change("DELETE FROM letter WHERE id = 1")
        change(AGE)
        sweep(engine, ring, settings)
        assert unbalanced(logs) == [1]
        change(AGE)
        sweep(engine, ring, settings)
        assert unbalanced(logs) == [1], "once while it stays the same"
        tidy(engine, settings)
        assert unbalanced(logs) == [1, 1], "again from time to time"


def test_one_campaign_s_surplus_hides_no_other_s_loss(change: Change, engine: Engine, settings: Settings) -> None:
    make_campaign(engine, "+++\nslug = 'other'\ntitle = 'T'\nhost = 'H'\nsubject = 'S'\n+++\nDear you,\n\nHi.\n")
    change("UPDATE letter SET campaign_id = (SELECT max(id) FROM campaign) WHERE id = 1")
    assert current_figures(engine, settings).imbalance == 2
    with engine.connect() as connection:
        assert rows.count_imbalance(connection) == 2


def test_doctor_fails_while_letters_are_missing_held_or_paused(
    change: Change, engine: Engine, settings: Settings
) -> None:
    def advice(name: str) -> str:
        return next(one.advice for one in examine(engine, settings) if one.name == name)

    assert advice("conservation") == advice("delivery") == ""
    change("UPDATE submission SET expected_letters = 3 WHERE id = 1")
    assert "dearrep delivery pause" in advice("conservation")
    change("INSERT INTO installation (is_paused) VALUES (true)")
    assert advice("delivery") == "Go on: dearrep delivery resume"
    change("UPDATE installation SET hold_reason = 'why'")
    assert advice("delivery") == "Decide: dearrep delivery release"


def test_doctor_judges_the_roster_by_the_newest_import_of_legislators(
    change: Change, engine: Engine, settings: Settings
) -> None:
    def data() -> Finding:
        return next(one for one in examine(engine, settings, "data") if one.name == "data")

    def imported(kind: str, state: str, days: int) -> None:
        change(
            "INSERT INTO import_run (kind, jurisdiction, finished_at)"
            f" VALUES ('{kind}', '{state}', now() - interval '{days} days')"
        )

    assert data().words.startswith("practice data only")
    change("UPDATE office SET is_practice = false")
    imported("legislators", "ma", 40)
    imported("addresses", "ma", 1)
    imported("legislators", "vt", 1)
    assert data().words == "the legislators of MA were not imported in the last 30 days"
    assert data().advice == "Run: dearrep setup ma"
    imported("legislators", "ma", 2)
    assert data().is_ok


@pytest.mark.parametrize(
    ("then", "is_late"),
    [
        ("UPDATE campaign SET state = 'draft'", True),
        ("UPDATE campaign SET state = 'paused'", False),
        ("UPDATE domain_pace SET rate_per_hour = 2", False),
        ("UPDATE letter SET due_at = now()", False),
    ],
)
def test_doctor_knows_late_letters_from_those_that_must_wait(
    change: Change, engine: Engine, settings: Settings, then: str, is_late: bool
) -> None:
    change("UPDATE letter SET due_at = now() - interval '200 seconds'")
    change(then)
    found = next(one for one in examine(engine, settings) if one.name == "letters")
    assert found.is_ok is not is_late
    assert ("practice.example for about 4 minutes" in found.words) is is_late
