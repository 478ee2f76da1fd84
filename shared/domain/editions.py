"""Earlier texts of a campaign that are kept: what supporters could read, and drafts that were thrown away."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain.campaigns import Campaign


class EditionKind(StrEnum):
    """Why it was kept."""

    PUBLISHED = "published"
    # What the test pages of a draft campaign showed.
    TEST = "test"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Edition:
    """One kept text; `logo` is the picture that belonged to it, None without one."""

    number: int
    kind: EditionKind
    campaign: Campaign
    made_by: str
    made_at: datetime
    logo: bytes | None = None


@dataclass(frozen=True)
class SavedDraft:
    """What is edited and not published yet. `tested` is the mark of the letters that were tested."""

    campaign: Campaign
    saved_by: str
    saved_at: datetime
    logo: bytes | None = None
    tested: str = ""


def reads_the_same(one: Campaign, other: Campaign) -> bool:
    """True when letters, who gets which, and the organizations that ask for consent are the same in both."""
    return with_letters_of(one, other) == one and one.consents == other.consents


def with_letters_of(campaign: Campaign, read: Campaign) -> Campaign:
    """The campaign with the letters of the text that was read, and its choice of who gets which."""
    return replace(campaign, versions=read.versions, groups=read.groups, exclusions=read.exclusions)
