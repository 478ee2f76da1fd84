"""New campaigns from the console: one with a good example text, and one that has the text of another."""

import re
from dataclasses import dataclass, replace
from textwrap import shorten

import structlog
from sqlalchemy import Connection, Engine

from shared.db import campaigns as rows
from shared.db import drafts
from shared.db.logos import StoredLogo, save_logo
from shared.domain.campaigns import Campaign
from shared.domain.example_text import EXAMPLE_LEAD, EXAMPLE_LETTER, EXAMPLE_PAGE
from shared.domain.letter_versions import LetterVersion
from shared.domain.publish_list import SUBJECT_LIMIT
from shared.domain.us_states import STATES
from shared.errors import InputError
from shared.services.campaigns import require_campaign

_LOG = structlog.get_logger()
_TITLE_LIMIT = 150
_SLUG_LIMIT = 60
_RESERVED = "new"


@dataclass(frozen=True)
class NewCampaign:
    """The short form: what is needed to begin. `jurisdiction` is a state's two letters."""

    title: str
    host: str
    jurisdiction: str


def create_campaign(engine: Engine, typed: NewCampaign, *, actor: str) -> str:
    """A campaign in the state draft, with example text; its slug. Raises InputError by field."""
    title, host = " ".join(typed.title.split()), " ".join(typed.host.split())
    wrong = {}
    if not title:
        wrong["title"] = "Give the campaign a title, such as “Keep our library open”."
    elif len(title) > _TITLE_LIMIT:
        wrong["title"] = f"Make the title shorter: {_TITLE_LIMIT} characters fit."
    if not host:
        wrong["host"] = "Say which group is behind the campaign. Supporters see it on every page."
    if typed.jurisdiction.upper() not in STATES:
        wrong["jurisdiction"] = "Choose the state whose legislators are written to."
    if wrong:
        raise InputError(wrong)
    subject = shorten(f"Please support: {title}", SUBJECT_LIMIT, placeholder=" …")
    letter = LetterVersion("all", subject, EXAMPLE_LETTER)
    campaign = Campaign(
        "",
        title,
        host,
        (letter,),
        page=EXAMPLE_PAGE,
        lead=EXAMPLE_LEAD,
        jurisdiction=typed.jurisdiction.lower(),
        privacy=f"This campaign is hosted by {host}. We use your address only to find your legislators.",
        form_prompt="Enter your full home address. It decides who represents you.",
        own_words_prompt="How does this touch you, your family or your work?",
        consents=(host,),
    )
    with engine.begin() as connection:
        return _add(connection, campaign, None, actor)


def duplicate_campaign(engine: Engine, slug: str, *, actor: str) -> str:
    """A draft with the same text and none of the people, dates or letters; its slug. Raises NotFound."""
    with engine.begin() as connection:
        source = require_campaign(connection, slug)
        logo = drafts.published_logo(connection, source.id)
        draft = drafts.find_draft(connection, source.id)
        text, logo = (draft.campaign, draft.logo) if draft else (source.campaign, logo)
        copy = replace(text, title=f"{text.title} (copy)", opens=None, deadline=None, deliver_by=None)
        return _add(connection, copy, logo, actor)


def _add(connection: Connection, campaign: Campaign, logo: bytes | None, actor: str) -> str:
    named = replace(campaign, slug=_free_slug(connection, campaign.title))
    stored = rows.save_campaign(connection, named, logo, actor)
    if named.logo and logo:
        save_logo(connection, stored.id, StoredLogo(named.logo.version, logo))
    _LOG.info("campaign.created", campaign_id=stored.id, actor=actor)
    return named.slug


def _free_slug(connection: Connection, title: str) -> str:
    """The title in an address; with a number behind it where that is taken."""
    rows.lock_slugs(connection)
    stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:_SLUG_LIMIT].strip("-") or "campaign"
    slug, turn = stem, 1
    # The console's own page stands there.
    while slug == _RESERVED or rows.find_campaign(connection, slug) is not None:
        turn += 1
        slug = f"{stem}-{turn}"
    return slug
