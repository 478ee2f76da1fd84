"""Versions, thanks and exclusions on the whole road: what is written to whom, and what the supporter is told."""

from sqlalchemy import Engine, select

from shared.db.tables import letter
from shared.queue.ring import Ring
from shared.services.submission_view import preview_letters, read_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters

HOUSE, SENATE = ("ocd-division/country:us/state:ma/sldl:practice", "ocd-division/country:us/state:ma/sldu:practice")
_ALL = "\n<!-- letter: all -->\nDear {{recipient_name}},\n\nPlease act."
LETTERS = f"{_ALL}\n<!-- letter: thanks -->\nDear you,\n\nThanks!"


def with_head(head: str) -> str:
    """The usual campaign with these tables in its head and a letter that thanks."""
    text = CAMPAIGN.replace("+++\n<!-- page -->", f"{head}\n+++\n<!-- page -->")
    return text[: text.index("<!-- letter -->")] + LETTERS


def letters(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(select(letter.c.recipient_name, letter.c.body).order_by(letter.c.id))
        return [(row[0], row[1].strip().splitlines()[-1]) for row in rows]


def test_a_sponsor_is_thanked_and_the_other_is_asked(engine: Engine, ring: Ring, settings: Settings) -> None:
    make_campaign(engine, with_head(f'[[exclusions]]\nthanks = "thanks"\noffices = ["{HOUSE}"]'))
    token = write_letters(engine, ring, settings)
    assert letters(engine) == [("Pat Practice", "Thanks!"), ("Robin Practice", "Please act.")]
    view = read_submission(engine, settings, token)
    assert ["Thanks" in preview.html for preview in preview_letters(view)] == [True, False]


def test_who_is_left_out_gets_no_letter_and_the_supporter_reads_why(
    engine: Engine, ring: Ring, settings: Settings
) -> None:
    make_campaign(engine, with_head(f'[[exclusions]]\nreason = "On our side already."\noffices = ["{SENATE}"]'))
    token = write_letters(engine, ring, settings)
    assert [name for name, _ in letters(engine)] == ["Pat Practice"]
    view = read_submission(engine, settings, token)
    assert view.expected_letters == 1
    assert [target.left_out for target in view.targets] == [None, "On our side already."]
    assert [office.holder for office in view.chosen] == ["Pat Practice"]


def test_when_all_are_left_out_nothing_is_written_and_nobody_is_told_of_earlier_letters(
    engine: Engine, ring: Ring, settings: Settings
) -> None:
    make_campaign(engine, with_head('[[exclusions]]\nreason = "All done."\nchambers = ["lower", "upper"]'))
    token = write_letters(engine, ring, settings)
    view = read_submission(engine, settings, token)
    assert (letters(engine), view.expected_letters) == ([], 0)
    assert {target.left_out for target in view.targets} == {"All done."}
