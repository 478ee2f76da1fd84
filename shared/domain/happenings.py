"""What can happen to a campaign that explains the course of its letters, in words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.states import CampaignState


class Happening(StrEnum):
    """What is noted when it happens."""

    LIVE = "live"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLOSED = "closed"
    WON = "won"
    ALL_PAUSED = "all_paused"
    ALL_RESUMED = "all_resumed"
    LEFT_ALONE = "left_alone"


_WORDS = {
    Happening.LIVE: "Campaign went live",
    Happening.PAUSED: "Sending paused",
    Happening.RESUMED: "Sending resumed",
    Happening.CLOSED: "Campaign closed",
    Happening.WON: "Campaign won",
    Happening.ALL_PAUSED: "Everything paused",
    Happening.ALL_RESUMED: "Everything resumed",
    Happening.LEFT_ALONE: "%s refused us and is left alone for a while",
}
_OF_STATES = {
    CampaignState.LIVE: Happening.LIVE,
    CampaignState.PAUSED: Happening.PAUSED,
    CampaignState.CLOSED: Happening.CLOSED,
    CampaignState.WON: Happening.WON,
}


@dataclass(frozen=True)
class Moment:
    """Something that happened, in words."""

    at: datetime
    words: str


def happening_of(old: CampaignState, new: CampaignState) -> Happening | None:
    """What a change of state is; None when it changes nothing about letters."""
    if old is CampaignState.PAUSED and new is CampaignState.LIVE:
        return Happening.RESUMED
    return _OF_STATES.get(new)


def happening_words(happening: Happening, about: str) -> str:
    """The words for a mark in the chart."""
    words = _WORDS[happening]
    return words % about if "%s" in words else words
