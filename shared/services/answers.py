"""Did the office answer? What supporters tell us on the page behind "Did they answer?"."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from shared.db import campaigns, letters
from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.letter_words import office_label
from shared.domain.phrases import phrase
from shared.domain.states import FAILED, LetterState
from shared.errors import NotFound
from shared.services.owner_links import submission_behind
from shared.settings import Settings

_NOT_OUT = {LetterState.HELD, LetterState.QUEUED, LetterState.DEFERRED, LetterState.CANCELLED, *FAILED}


@dataclass(frozen=True)
class AnswerLine:
    """One letter that has left, and when its office's first answer came as far as we know."""

    letter_id: int
    recipient: str
    answered_at: datetime | None


@dataclass(frozen=True)
class AnswerPage:
    """The letters of one submission that offices may have answered."""

    stored: StoredCampaign
    lines: tuple[AnswerLine, ...]


def read_answers(engine: Engine, settings: Settings, token: str, key: str) -> AnswerPage:
    """The page behind the link in our email. Raises NotFound."""
    with at_once(engine) as connection:
        row = submission_behind(connection, settings, token, key)
        lines = [
            AnswerLine(
                one["id"],
                office_label(one["recipient_title"], one["recipient_name"], one["district"]),
                one["answered_at"],
            )
            for one in letters.letters_of_submission(connection, row["id"])
            if LetterState(one["state"]) not in _NOT_OUT
        ]
        return AnswerPage(campaigns.campaign_of(connection, row), tuple(lines))


def tell_answer(engine: Engine, settings: Settings, token: str, key: str, letter_id: int, *, is_answered: bool) -> None:
    """The supporter says that this office answered, or not after all. Raises NotFound."""
    with engine.begin() as connection:
        row = submission_behind(connection, settings, token, key)
        if letter_id not in {one["id"] for one in letters.lock_letters_of_submission(connection, row["id"])}:
            raise NotFound(phrase("This letter is not yours, or it is gone."))
        letters.tell_answered(connection, letter_id, is_answered=is_answered)
