"""The pictures of hosts' logos, one for each campaign that has one."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import campaign, campaign_logo

_BY_SLUG = (
    select(campaign_logo.c.version, campaign_logo.c.image)
    .join(campaign, campaign.c.id == campaign_logo.c.campaign_id)
    .where(campaign.c.slug == bindparam("wanted"))
)


@dataclass(frozen=True)
class StoredLogo:
    """A PNG, and what changes with it."""

    version: str
    image: bytes


def find_logo(connection: Connection, slug: str) -> StoredLogo | None:
    """The logo of the campaign at `/c/<slug>`."""
    row = connection.execute(_BY_SLUG, {"wanted": slug}).one_or_none()
    return StoredLogo(row.version, bytes(row.image)) if row else None


def save_logo(connection: Connection, campaign_id: int, logo: StoredLogo | None) -> None:
    """Replaces the campaign's logo, or removes it."""
    if logo is None:
        connection.execute(delete(campaign_logo).where(campaign_logo.c.campaign_id == campaign_id))
        return
    values = {"version": logo.version, "image": logo.image}
    statement = insert(campaign_logo).values({"campaign_id": campaign_id, **values})
    connection.execute(statement.on_conflict_do_update(index_elements=[campaign_logo.c.campaign_id], set_=values))
