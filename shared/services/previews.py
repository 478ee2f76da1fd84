"""Preview links: how people without an account see a campaign before it is published.

A link is shown once, when it is created, and stored as a hash. Revoking it closes the pages that it opened, also in
browsers that have opened them.
"""

import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import Engine

from shared.db import previews as rows
from shared.db.engine import at_once
from shared.db.previews import PreviewLink
from shared.domain.campaigns import StoredCampaign
from shared.errors import NotAllowed, NotFound
from shared.services.campaigns import is_published, lock_campaign

# Enough for all reviewers of a campaign.
MOST_LINKS = 20
_TOKEN_BYTES = 24


def preview_hash(token: str) -> str:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def preview_path(slug: str, token: str) -> str:
    """The link without the host."""
    return f"/c/{slug}/preview/{token}"


def create_preview(engine: Engine, slug: str, *, actor: str) -> str:
    """A new link's path. Raises NotFound, and NotAllowed for a published campaign or too many links."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with engine.begin() as connection:
        stored = lock_campaign(connection, slug)
        if is_published(stored):
            raise NotAllowed("This campaign is published: anyone with its address can open it.")
        if rows.count_previews(connection, stored.id) >= MOST_LINKS:
            raise NotAllowed(f"This campaign has {MOST_LINKS} preview links. Revoke one first.")
        rows.add_preview(connection, stored.id, preview_hash(token), actor)
    return preview_path(slug, token)


def renew_preview(engine: Engine, slug: str, *, actor: str) -> str:
    """The same for a program, whose earlier links stop working."""
    with engine.begin() as connection:
        rows.delete_previews_of(connection, lock_campaign(connection, slug).id, actor)
    return create_preview(engine, slug, actor=actor)


def list_previews(engine: Engine, stored: StoredCampaign) -> Sequence[PreviewLink]:
    """The links that open the campaign now, newest first."""
    with at_once(engine) as connection:
        return rows.list_previews(connection, stored.id)


def revoke_preview(engine: Engine, slug: str, number: int) -> None:
    """From now on, the link opens nothing. Raises NotFound."""
    with engine.begin() as connection:
        if not rows.delete_preview(connection, lock_campaign(connection, slug).id, number):
            raise NotFound("This preview link has already been revoked.")


def opens_preview(engine: Engine, slug: str, token_hashes: Sequence[str]) -> bool:
    """True when a link with one of these hashes opens the campaign."""
    with at_once(engine) as connection:
        return rows.opens(connection, slug, token_hashes)
