"""Reads and writes the preview links of campaigns. SQL only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, text

from shared.db.tables import campaign_preview

_OPENS = text(
    """
    SELECT EXISTS (
        SELECT 1
        FROM campaign_preview
        JOIN campaign ON campaign.id = campaign_preview.campaign_id
        WHERE campaign.slug = :slug AND campaign_preview.token_hash = ANY(:token_hashes)
    )
    """
)


@dataclass(frozen=True)
class PreviewLink:
    """A preview link as organizers see it: the link itself is not kept."""

    number: int
    created_by: str
    created_at: datetime


def opens(connection: Connection, slug: str, token_hashes: Sequence[str]) -> bool:
    """True when one of these tokens opens the campaign."""
    return bool(connection.execute(_OPENS, {"slug": slug, "token_hashes": list(token_hashes)}).scalar_one())


def add_preview(connection: Connection, campaign_id: int, token_hash: str, actor: str) -> None:
    """Keeps a new link."""
    values = {"campaign_id": campaign_id, "token_hash": token_hash, "created_by": actor}
    connection.execute(insert(campaign_preview).values(values))


def list_previews(connection: Connection, campaign_id: int) -> list[PreviewLink]:
    """A campaign's links, newest first."""
    known = campaign_preview.c
    query = select(known.id, known.created_by, known.created_at).where(known.campaign_id == campaign_id)
    return [PreviewLink(*row) for row in connection.execute(query.order_by(known.id.desc()))]


def count_previews(connection: Connection, campaign_id: int) -> int:
    """How many links a campaign has."""
    mine = campaign_preview.c.campaign_id == campaign_id
    return int(connection.execute(select(func.count()).where(mine)).scalar_one())


def delete_preview(connection: Connection, campaign_id: int, number: int) -> bool:
    """Removes one link of the campaign; False when there is none of this number."""
    mine = (campaign_preview.c.campaign_id == campaign_id) & (campaign_preview.c.id == number)
    return connection.execute(delete(campaign_preview).where(mine)).rowcount > 0


def delete_previews_of(connection: Connection, campaign_id: int, actor: str) -> None:
    """Removes the links that this actor created."""
    mine = (campaign_preview.c.campaign_id == campaign_id) & (campaign_preview.c.created_by == actor)
    connection.execute(delete(campaign_preview).where(mine))
