"""Earlier texts of a campaign that are kept: what was published, and drafts that were thrown away."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.campaigns import Campaign


class EditionKind(StrEnum):
    """Why it was kept."""

    PUBLISHED = "published"
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
