"""What the head of a page tells those who show a shared link, and the links that supporters share."""

from dataclasses import dataclass

from flask import Flask

from shared.domain.campaigns import Campaign
from shared.domain.sources import campaign_link
from shared.rendering.card_background import HEIGHT, WIDTH
from shared.rendering.share_card import card_hash
from shared.services.sharing import card_words, share_title
from web.context import here


@dataclass(frozen=True)
class ShareHead:
    """A shared link's title, text and picture. Nothing in it is about a person."""

    title: str
    url: str
    version: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def image(self) -> str:
        """The picture's address, which changes with what it shows."""
        return f"{self.url}/card.png?v={self.version}"


def install(app: Flask) -> None:
    """Adds the functions for templates."""
    app.jinja_env.globals.update(share_head=share_head, share_link=share_link)


def share_head(campaign: Campaign) -> ShareHead:
    """What is said about the campaign."""
    url = campaign_link(here().settings.public_url, campaign.slug)
    return ShareHead(share_title(campaign), url, card_hash(card_words(campaign)))


def share_link(campaign: Campaign, source: str) -> str:
    """The campaign page's address with a source code."""
    return campaign_link(here().settings.public_url, campaign.slug, source)
