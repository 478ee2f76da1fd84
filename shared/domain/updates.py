"""A campaign update: what an organizer writes to those who agreed to hear more, checked and told apart."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from shared.domain.supporter_input import SUBJECT_MAX
from shared.domain.typed_text import MARKDOWN_MAX, clean_text, clean_within
from shared.errors import InputError

UPDATE_MAX = MARKDOWN_MAX


class UpdateState(StrEnum):
    """`tested` while an organizer has got exactly these words as an email."""

    DRAFT = "draft"
    TESTED = "tested"
    SENT = "sent"


@dataclass(frozen=True)
class UpdateWords:
    """From whom, the subject, and the text in Markdown."""

    organization: str
    subject: str
    body: str

    @property
    def mark(self) -> str:
        """The same for the same words only."""
        return sha256(repr(self).encode()).hexdigest()[:20]


def checked_update(typed: UpdateWords, organizations: Collection[str]) -> UpdateWords:
    """As it is stored; raises InputError with every problem."""
    subject, body = clean_within(typed.subject, SUBJECT_MAX), clean_within(typed.body, UPDATE_MAX, clean_text)
    wrong = {}
    if typed.organization not in organizations:
        wrong["organization"] = "Choose from whom this update is"
    for field, text, words, most in (
        ("subject", subject, typed.subject, SUBJECT_MAX),
        ("body", body, typed.body, UPDATE_MAX),
    ):
        if text is None:
            wrong[field] = f"This must be {most:,} characters or fewer; it has {len(words):,}"
        elif not text:
            wrong[field] = "Write a subject" if field == "subject" else "Write what is new"
    if wrong or subject is None or body is None:
        raise InputError(wrong)
    return UpdateWords(typed.organization, subject, body)
