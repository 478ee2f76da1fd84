"""What the head of a page tells those who show a shared link, and the links that supporters share."""

from dataclasses import dataclass

from flask import Flask, url_for

from shared.domain.campaigns import Campaign, CampaignText
from shared.domain.languages import html_tag
from shared.domain.sources import campaign_link
from shared.rendering.card_background import HEIGHT, WIDTH
from shared.rendering.share_card import card_hash
from shared.services.sharing import card_words, share_title, text_language
from web.context import here
from web.language import told


@dataclass(frozen=True)
class ShareHead:
    """A shared link's title, text, and the path of its picture. Nothing in it is about a person."""

    title: str
    text: CampaignText
    card: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def image(self) -> str:
        """The picture's whole address."""
        return f"{here().settings.public_url}{self.card}"


def install(app: Flask) -> None:
    """Adds the functions for templates."""
    app.jinja_env.globals.update(share_head=share_head, share_link=share_link, share_title=share_title)


def share_head(campaign: Campaign, language: str = "") -> ShareHead:
    """What is said about the campaign, in the reader's language where its text has that.

    The picture's address changes with what it shows, since those who show it keep it for long.
    """
    text = campaign.text_in(language) if language else told(campaign)
    version = card_hash(card_words(campaign, text.language))
    card = url_for("public.card", slug=campaign.slug, lang=html_tag(text_language(text)), v=version)
    return ShareHead(share_title(text), text, card)


def share_link(campaign: Campaign, source: str = "") -> str:
    """The campaign page's address, with a source code when there is one."""
    return campaign_link(here().settings.public_url, campaign.slug, source)
