"""What makes a campaign known: the card that shared links show, the flyer, and where the people came from."""

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from shared.db.engine import at_once
from shared.db.sources import count_sources
from shared.domain.campaigns import Campaign, CampaignText
from shared.domain.languages import SOURCE, html_tag, known_language
from shared.domain.phrases import Phrase, phrase
from shared.domain.sources import SOURCE_WORDS, campaign_link
from shared.rendering.flyer import FlyerWords
from shared.rendering.share_card import CardWords, draw_card
from shared.rendering.speech import say, say_day, speaking
from shared.services.campaign_logos import read_logo

_ASK = phrase("Write to your legislators")
_SCAN = phrase("Scan with your phone’s camera")
_STEPS = (
    phrase("Type your home address. It decides who represents you."),
    phrase("Read your letter, and put it into your own words."),
    phrase("Press Send once. You see where each letter is."),
)
_OR_TYPE = phrase("Or type this into your browser:")
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


def share_title(text: CampaignText) -> str:
    """What a shared link is called, in the text's language: people act on an ask, not on a title."""
    with speaking(text_language(text)):
        return _said(phrase("Write to your legislators: %(title)s", title=text.title))


def text_language(text: CampaignText) -> str:
    """The language in which our own words stand beside the campaign's."""
    return known_language(text.language) or SOURCE


def card_words(campaign: Campaign, language: str) -> CardWords:
    """What the campaign's card says to readers of this language."""
    text = campaign.text_in(language)
    with speaking(text_language(text)):
        return CardWords(
            ask=_said(_ASK),
            title=text.title,
            host="" if campaign.logo and campaign.logo.is_lettering else campaign.host,
            note=_last_day(campaign),
            color=campaign.color,
            logo=campaign.logo.version if campaign.logo else "",
        )


def card_png(engine: Engine, slug: str, words: CardWords) -> bytes:
    """The card of the campaign at `/c/<slug>`; a process draws it once."""
    return _drawn(words, read_logo(engine, slug).image if words.logo else b"")


@lru_cache(maxsize=64)
def _drawn(words: CardWords, logo: bytes) -> bytes:
    return draw_card(words, logo)


def flyer_words(campaign: Campaign, public_url: str, source: str, language: str) -> FlyerWords:
    """What the campaign's flyer says; who scans its code comes with `source`, to pages in the flyer's language."""
    text = campaign.text_in(language)
    with speaking(text_language(text)):
        return FlyerWords(
            ask=_said(_ASK),
            title=text.title,
            lead=text.lead,
            scan=_said(_SCAN),
            steps=tuple(_said(step) for step in _STEPS),
            or_type=_said(_OR_TYPE),
            shown_link=campaign_link(public_url, campaign.slug).partition("://")[2],
            host=campaign.host,
            note=_last_day(campaign),
            link=link_in(campaign, public_url, source, language),
            color=campaign.color,
        )


def link_in(campaign: Campaign, public_url: str, source: str, language: str) -> str:
    """The campaign's link; it names the language only where that is another one than the campaign's."""
    named = "" if campaign.text_in(language).language == campaign.language else html_tag(language)
    return campaign_link(public_url, campaign.slug, source, named)


def _last_day(campaign: Campaign) -> str:
    if campaign.deadline is None:
        return ""
    return _said(phrase("Open until %(day)s", day=say_day(campaign.deadline, ZoneInfo(campaign.timezone))))


def _said(words: Phrase) -> str:
    """In the language that is spoken, and from here on a text like others."""
    return str(say(words))
