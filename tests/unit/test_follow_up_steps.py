"""The steps of a sequence: what the file may say, what starts what, and when."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.domain.campaigns import from_content, to_content
from shared.domain.follow_ups import STEP_TEMPLATES, USUAL_STEPS, FollowUpStep, Need, Trigger, plan
from shared.errors import CampaignFileError
from shared.paths import TEMPLATES
from shared.services.campaign_files import format_campaign, parse_campaign
from shared.services.campaign_files.steps import parse_step
from tests.factories import CAMPAIGN

NOW, ZONE = datetime(2027, 1, 31, 15, tzinfo=UTC), ZoneInfo("America/New_York")
FULL: dict[str, Any] = {
    "template": "did_they_answer",
    "trigger": "first_sent",
    "after_days": 3,
    "after_hours": 2,
    "on": date(2027, 3, 1),
    "condition": "not_answered",
    "stop": ["ended", "sent"],
}


def test_every_template_has_its_folder() -> None:
    assert {step.template for step in USUAL_STEPS} <= set(STEP_TEMPLATES)
    for name in STEP_TEMPLATES:
        assert {path.name for path in (TEMPLATES / "emails" / name).iterdir()} == {
            "subject.txt",
            "body.txt",
            "body.html",
        }


def test_a_step_with_everything() -> None:
    step, problems = parse_step(FULL)
    assert problems == []
    assert step is not None
    assert step.needs == (Need.NOT_ANSWERED, Need.OPEN, Need.NOT_SENT)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"template": "nonsense"}, "template must be one of received"),
        ({"trigger": ""}, "trigger must be one of accepted"),
        ({"condition": "maybe"}, "condition must be one of not_sent"),
        ({"stop": "ended"}, "stop must be a list"),
        ({"stop": ["soon"]}, "stop must be a list"),
        ({"after_days": -1}, "after_days must be a whole number"),
        ({"after_hours": True}, "after_hours must be a whole number"),
        ({"on": "2027-01-31"}, "on must be a date"),
        ({"day": 3}, "day is not a setting"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], words: str) -> None:
    step, problems = parse_step({**FULL, **wrong})
    assert step is None
    assert [words in problem for problem in problems] == [True]


def test_a_file_with_steps_is_read_written_stored_and_read_again() -> None:
    steps = (
        '[[follow_ups]]\ntemplate = "thank_you"\ntrigger = "first_sent"\n'
        '[[follow_ups]]\ntemplate = "did_they_answer"\ntrigger = "first_sent"\nafter_days = 3\non = 2027-03-01\n'
        'condition = "not_answered"\nstop = ["ended"]\n'
    )
    campaign = parse_campaign(CAMPAIGN.replace("+++\n<!-- page", f"{steps}+++\n<!-- page"), name="x.md")
    assert len(campaign.follow_ups) == 2
    assert parse_campaign(format_campaign(campaign), name="x.md") == campaign
    columns = {name: getattr(campaign, name) for name in ("slug", "title", "jurisdiction", "deadline", "deliver_by")}
    columns |= {"chambers": [str(one) for one in campaign.chambers], "undo_minutes": campaign.undo_minutes}
    assert from_content(columns, to_content(campaign)) == campaign


def test_problems_come_with_their_line() -> None:
    text = CAMPAIGN.replace("+++\n<!-- page", '[[follow_ups]]\ntemplate = "x"\ntrigger = "won"\n+++\n<!-- page')
    line = text[: text.index("[[follow_ups]]")].count("\n") + 1
    with pytest.raises(CampaignFileError, match=f"line {line}: template must be one of"):
        parse_campaign(text, name="x.md")
    with pytest.raises(CampaignFileError, match="begin each with"):
        parse_campaign(CAMPAIGN.replace("+++\n<!-- page", "follow_ups = 3\n+++\n<!-- page"), name="x.md")


def test_own_steps_replace_the_usual_ones_of_their_trigger_only() -> None:
    own = (FollowUpStep("thank_you", Trigger.FIRST_SENT, after_hours=1),)
    assert [(one.kind, one.delay_s) for one in plan(own, Trigger.FIRST_SENT, NOW, ZONE)] == [("thank_you", 3_600.0)]
    assert [one.kind for one in plan(own, Trigger.DOUBTFUL, NOW, ZONE)] == ["fix_address", "fix_address"]
    none = (FollowUpStep("none", Trigger.WON),)
    assert plan(none, Trigger.WON, NOW, ZONE) == []


def test_the_same_template_twice_is_two_emails() -> None:
    numbers = [(one.kind, one.number) for one in plan((), Trigger.FIRST_SENT, NOW, ZONE)]
    assert numbers == [("thank_you", 0), ("did_they_answer", 0), ("did_they_answer", 1)]


@pytest.mark.parametrize(
    ("on", "hours"),
    [
        # Nine in the morning there is two in the afternoon here.
        (date(2027, 2, 1), 23.0),
        # Nine has passed, the day has not.
        (date(2027, 1, 31), 0.0),
        (date(2027, 1, 30), None),
    ],
)
def test_a_date_is_a_day_in_the_campaigns_own_time(on: date, hours: float | None) -> None:
    step = replace(FollowUpStep("thank_you", Trigger.FIRST_SENT), on=on)
    planned = plan((step,), Trigger.FIRST_SENT, NOW, ZONE)
    assert [one.delay_s / 3_600 for one in planned] == ([] if hours is None else [hours])
