"""What makes a campaign known: the card that shared links show, the flyer, and where the people came from."""

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from shared.db.engine import at_once
from shared.db.sources import count_sources
from shared.domain.campaigns import Campaign
from shared.domain.sources import SOURCE_WORDS, campaign_link
from shared.rendering.flyer import FlyerWords
from shared.rendering.share_card import CardWords, draw_card

ASK = "Write to your legislators"
# So many codes are listed; people of the others are counted together.
_MOST_SOURCES = 50


@dataclass(frozen=True)
class SourceLine:
    """People who came by one code, with words for the codes of our own."""

    code: str
    words: str
    people: int


@dataclass(frozen=True)
class Sources:
    """Where the people of a campaign came from, most first; `others` came by codes that are not listed."""

    lines: list[SourceLine]
    people: int

    @property
    def others(self) -> int:
        """People whose codes are not listed."""
        return self.people - sum(line.people for line in self.lines)


def read_sources(engine: Engine, campaign_id: int) -> Sources:
    """How many people pressed Send, by source code."""
    with at_once(engine) as connection:
        rows = count_sources(connection, campaign_id, _MOST_SOURCES)
    lines = [SourceLine(row["source"], SOURCE_WORDS.get(row["source"], ""), row["people"]) for row in rows]
    return Sources(lines, rows[0]["everybody"] if rows else 0)


def share_title(campaign: Campaign) -> str:
    """What a shared link is called: people act on an ask, not on a title."""
    return f"{ASK}: {campaign.title}"


def card_words(campaign: Campaign) -> CardWords:
    """What the campaign's card says."""
    return CardWords(ASK, campaign.title, campaign.host, _last_day(campaign))


@lru_cache(maxsize=64)
def card_png(words: CardWords) -> bytes:
    """The card; a process draws it once."""
    return draw_card(words)


def flyer_words(campaign: Campaign, public_url: str, source: str) -> FlyerWords:
    """What the campaign's flyer says; who scans its code comes with `source`."""
    return FlyerWords(
        ask=ASK,
        title=campaign.title,
        lead=campaign.lead,
        scan="Scan with your phone’s camera",
        steps=(
            "Type your home address. It decides who represents you.",
            "Read your letter, and put it into your own words.",
            "Press Send once. You see where each letter is.",
        ),
        or_type="Or type this into your browser:",
        shown_link=campaign_link(public_url, campaign.slug).partition("://")[2],
        host=campaign.host,
        note=_last_day(campaign),
        link=campaign_link(public_url, campaign.slug, source),
    )


def _last_day(campaign: Campaign) -> str:
    if campaign.deadline is None:
        return ""
    local = campaign.deadline.astimezone(ZoneInfo(campaign.timezone))
    return f"Open until {local:%B} {local.day}, {local.year}"
