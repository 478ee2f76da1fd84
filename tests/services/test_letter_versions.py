"""Versions, thanks and exclusions on the whole road: what is written to whom, and what the supporter is told."""

from sqlalchemy import Engine, select

from shared.db.tables import letter
from shared.queue.ring import Ring
from shared.services.prepare import prepare_submissions
from shared.services.submission_view import editable_letter_of, preview_letters, read_submission
from shared.services.submissions import begin_submission, correct_address
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter, write_letters

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


def test_while_no_district_is_known_the_letter_is_the_one_for_everybody(
    engine: Engine, ring: Ring, settings: Settings
) -> None:
    """Also while another address is looked up: the offices of the first one are no longer the supporter's."""
    named = (
        f'[[versions]]\nname = "named"\noffices = ["{HOUSE}"]\n'
        '[[versions]]\nname = "senators"\nchambers = ["upper"]\n[[versions]]\nname = "all"'
    )
    text = with_head(named).replace(
        "<!-- letter: all -->",
        "<!-- letter: named -->\nDear you,\n\nThank you, both.\n<!-- letter: senators -->\nDear you,\n\nVote, senator."
        "\n<!-- letter: all -->",
    )
    make_campaign(engine, text[: text.index("<!-- letter: thanks")])
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter())

    def shown() -> list[bool]:
        previews = preview_letters(read_submission(engine, settings, token))
        return ["Please act." in preview.html for preview in previews]

    assert shown() == [True]
    prepare_submissions(engine, ring, settings)
    assert shown() == [False, False]
    correct_address(engine, ring, token, make_supporter(street="13 Maple Street").address)
    assert shown() == [True]
    editable = editable_letter_of(read_submission(engine, settings, token))
    assert editable is not None
    assert "Please act." in editable.body


def test_without_a_letter_for_everybody_nothing_is_shown_before_the_offices_are_known(
    engine: Engine, ring: Ring, settings: Settings
) -> None:
    heads = '[[versions]]\nname = "house"\nchambers = ["lower"]\n[[versions]]\nname = "senate"\nchambers = ["upper"]'
    text = with_head(heads).replace("letter: all", "letter: house").replace("letter: thanks", "letter: senate")
    make_campaign(engine, text)
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
    view = read_submission(engine, settings, token)
    assert [str(preview.html) for preview in preview_letters(view)] == [""]
    assert editable_letter_of(view) is None
    prepare_submissions(engine, ring, settings)
    view = read_submission(engine, settings, token)
    assert ["Thanks!" in preview.html for preview in preview_letters(view)] == [False, True]
