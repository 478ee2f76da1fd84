"""A threat holds a letter until an organizer has read it; nothing is refused, and fair letters leave."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from shared.domain.states import LetterState
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.attention import read_attention
from shared.services.campaigns import read_campaign
from shared.services.letter_detail import read_letter
from shared.services.letters import retry_letter
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter

THREAT = "Vote no, or I'll burn your house down."
FAIR = "My husband told me: I will kill you if you leave. Kill this bill, it arms men like him."
OWN_LIST = CAMPAIGN.replace("consents", 'held_phrases = ["dance on your/his grave"]\nconsents')
Write = Callable[..., tuple[str, str]]


@pytest.fixture
def write(engine: Engine, ring: Ring, settings: Settings) -> Write:
    """Sends a real letter with these words; returns the state and the cause of all its letters."""

    def run(words: str = "", *, is_test: bool = False, first_name: str = "Jamie", **edited: str) -> tuple[str, str]:
        quick = replace(settings, fastest_send=0.0)
        token = begin_submission(engine, ring, quick, "co-ops", make_supporter(first_name=first_name))
        accept_submission(engine, ring, quick, token, own_words=words, **edited)
        with engine.begin() as connection:
            real = "UPDATE submission SET is_test = :is_test WHERE token = :token"
            connection.execute(text(real), {"token": token, "is_test": is_test})
        prepare_submissions(engine, ring, quick)
        query = """
            SELECT DISTINCT letter.state, letter.cause
            FROM letter
            JOIN submission ON submission.id = letter.submission_id
            WHERE submission.token = :token
        """
        with engine.connect() as connection:
            [row] = connection.execute(text(query), {"token": token})
        return row.state, row.cause

    return run


def test_a_threat_waits_for_an_organizer_who_releases_it(
    engine: Engine, ring: Ring, settings: Settings, write: Write
) -> None:
    make_campaign(engine)
    assert write(THREAT) == ("held", "threat")
    [group] = read_attention(engine, settings, read_campaign(engine, "co-ops"), str).groups
    assert (group.count, group.title) == (2, "2 letters may read as a threat")
    assert [move.words for move in group.moves] == ["Read them", "Release all 2"]
    found = read_letter(engine, 1)
    assert (found.threat, found.is_checked, found.can_retry) == ("i will burn your house", True, True)
    assert THREAT in found.parts[1]
    retry_letter(engine, ring, 1, actor="organizer:1")
    released = read_letter(engine, 1)
    assert (released.state, released.threat) == (LetterState.QUEUED, "")


@pytest.mark.parametrize(
    "typed",
    [
        {"edited_subject": "You deserve to die", "edited_body": "Please vote no."},
        {"edited_subject": "Please vote no", "edited_body": "I know where you live."},
        {"first_name": "I will kill you"},
    ],
)
def test_every_text_that_a_supporter_types_is_read(engine: Engine, write: Write, typed: dict[str, str]) -> None:
    make_campaign(engine)
    assert write(**typed) == ("held", "threat")


def test_fair_words_and_practice_are_not_held(engine: Engine, write: Write) -> None:
    make_campaign(engine)
    assert write(FAIR) == ("queued", "")
    assert write(THREAT, is_test=True, first_name="Sam") == ("queued", "")


def test_a_campaign_has_phrases_of_its_own_or_none(engine: Engine, write: Write) -> None:
    make_campaign(engine, OWN_LIST)
    assert write("I will dance on your grave.") == ("held", "threat")


def test_an_empty_list_holds_nothing(engine: Engine, write: Write) -> None:
    make_campaign(engine, CAMPAIGN.replace("consents", "held_phrases = []\nconsents"))
    assert write(THREAT) == ("queued", "")


def test_a_language_without_a_reviewed_list_has_none(engine: Engine, write: Write) -> None:
    make_campaign(engine, CAMPAIGN.replace("consents", 'language = "es"\nconsents'))
    assert write(THREAT) == ("queued", "")
