import json

import pytest

from shared.domain.campaigns import COLUMNS, from_content, to_content
from shared.domain.logos import Logo
from shared.domain.places import Chamber
from shared.errors import CampaignFileError
from shared.paths import CAMPAIGNS
from shared.services.campaign_files import format_campaign, parse_campaign
from tests.factories import CAMPAIGN

SHIPPED = (CAMPAIGNS / "cooperative-ma.md").read_text()
# As a host writes it: no head, no marks, its own placeholders.
HOST_TEXT = """Save our library

Readers and neighbors together

It's leading to:

  1. Shorter hours
  2. Fewer books

Please enter a complete address to continue.

Dear [recipient position will go here] [recipient name will go here],

[your name will go here]
[your email address will go here] [your location will go here]

Keep the library open.

This campaign is hosted by Friends of the Library. We keep your address to ourselves."""


@pytest.mark.parametrize("text", [SHIPPED, CAMPAIGN])
def test_export_and_import_agree(text: str) -> None:
    campaign = parse_campaign(text, name="x.md")
    assert parse_campaign(format_campaign(campaign), name="y.md") == campaign


def test_the_database_keeps_every_field() -> None:
    campaign = parse_campaign(SHIPPED, name="x.md")
    columns = {name: getattr(campaign, name) for name in ("slug", "title", "jurisdiction", "chambers", "deadline")}
    columns |= {"deliver_by": campaign.deliver_by, "undo_minutes": campaign.undo_minutes}
    assert from_content(columns, json.loads(json.dumps(to_content(campaign)))) == campaign


def test_a_hosts_own_text_is_read_as_it_stands() -> None:
    campaign = parse_campaign(HOST_TEXT, name="Save library.txt", overrides={"subject": "Keep it open"})
    assert campaign.slug == "save-library"
    assert (campaign.title, campaign.host) == ("Save our library", "Friends of the Library")
    assert campaign.form_prompt == "Please enter a complete address to continue."
    assert campaign.privacy.endswith("We keep your address to ourselves.")
    assert campaign.versions[0].body.endswith("Keep the library open.")
    assert "1. Shorter hours" in campaign.page


def test_every_problem_is_named_with_its_line() -> None:
    text = '+++\nslug = "Bad Slug"\ncolour = 1\ndeadline = "soon"\n+++\nDear {{bob}},\n\nHi [shoe size will go here]'
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(text, name="x.md")
    problems = "\n".join(caught.value.problems)
    for words in (
        "line 2: slug",
        "line 3: colour",
        "line 4: deadline",
        "line 6: {{bob}}",
        "line 8: [shoe size",
        "subject is missing",
        "title is missing",
    ):
        assert words in problems


def test_the_page_has_no_fields() -> None:
    with pytest.raises(CampaignFileError, match=r"line 9: .*No field may stand here"):
        parse_campaign(CAMPAIGN.replace("Write to", "Hello {{supporter_name}}, write to"), name="x.md")


def test_versions_choose_by_chamber() -> None:
    text = CAMPAIGN.replace(
        "+++\n<!-- page -->",
        '[[versions]]\nname = "senate"\nchambers = ["upper"]\n[[versions]]\nname = "all"\n+++\n<!-- page -->',
    )
    text += "\n<!-- letter: senate -->\nDear {{recipient_name}},\n\nThank you, Senator.\n"
    campaign = parse_campaign(text, name="x.md")
    assert campaign.version_for(Chamber.UPPER).name == "senate"
    assert campaign.version_for(Chamber.LOWER).name == "all"


def with_hours(line: str) -> str:
    return CAMPAIGN.replace('host = "Neighbors United"', f'host = "Neighbors United"\n{line}')


@pytest.mark.parametrize(
    ("line", "phrases"), [("", None), ("held_phrases = []", ()), ('held_phrases = ["go/get ! now"]', ("go/get ! now",))]
)
def test_phrases_that_hold_letters_are_kept_and_written(line: str, phrases: tuple[str, ...] | None) -> None:
    campaign = parse_campaign(with_hours(line), name="x.md")
    assert campaign.held_phrases == phrases
    assert parse_campaign(format_campaign(campaign), name="y.md") == campaign
    columns = {name: getattr(campaign, name) for name in COLUMNS}
    assert from_content(columns, json.loads(json.dumps(to_content(campaign)))) == campaign


@pytest.mark.parametrize("key", ["held_phrases", "sponsors"])
def test_a_text_in_place_of_a_list_is_named(key: str) -> None:
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(with_hours(f'{key} = "one"'), name="x.md")
    assert caught.value.problems == [f'line 5: {key} must be a list, such as ["one", "two"].']


def test_office_hours_are_kept_and_written() -> None:
    campaign = parse_campaign(with_hours('office_hours = "08:00-18:00"\ntimezone = "Pacific/Auckland"'), name="x.md")
    assert campaign.office_hours == "08:00-18:00"
    assert campaign.hours
    assert str(campaign.hours.zone) == "Pacific/Auckland"
    assert parse_campaign(format_campaign(campaign), name="y.md") == campaign
    assert parse_campaign(CAMPAIGN, name="x.md").hours is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('office_hours = "8-18"', 'line 5: office_hours must be two times of day such as "08:00-18:00".'),
        ('office_hours = "18:00-08:00"', "line 5: office_hours must end later on the same day than it begins."),
        ("office_hours = 8", "line 5: office_hours must be text in quotes."),
        (
            'timezone = "Mars"\noffice_hours = "08:00-18:00"',
            "line 5: timezone must be a name such as America/New_York.",
        ),
    ],
)
def test_office_hours_that_make_no_sense_are_named(line: str, words: str) -> None:
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(with_hours(line), name="x.md")
    assert caught.value.problems == [words]


def test_a_theme_is_kept_and_written() -> None:
    campaign = parse_campaign(with_hours('color = "#1B5E5A"\nlogo = "sign.png"'), name="x.md")
    assert (campaign.color, campaign.logo) == ("#1b5e5a", Logo("sign.png"))
    assert parse_campaign(format_campaign(campaign), name="y.md") == campaign
    assert parse_campaign(CAMPAIGN, name="x.md").logo is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            'color = "teal"',
            'line 5: color must be a color such as "#1b5e5a": a # and six digits or letters from a to f.',
        ),
        ("color = 123456", "line 5: color must be text in quotes."),
        (
            'logo = "../logo.png"',
            'line 5: logo must be the name of a picture beside the campaign file, such as "logo.png".',
        ),
    ],
)
def test_a_theme_that_makes_no_sense_is_named(line: str, words: str) -> None:
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(with_hours(line), name="x.md")
    assert caught.value.problems == [words]
