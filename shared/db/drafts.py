"""Drafts of campaigns. Who may replace what is the services' part."""

from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db.tables import campaign_draft, campaign_logo
from shared.domain.campaigns import Campaign, from_document, to_document
from shared.domain.editions import SavedDraft


def find_draft(connection: Connection, campaign_id: int) -> SavedDraft | None:
    """The draft, None while nothing is changed."""
    query = select(campaign_draft).where(campaign_draft.c.campaign_id == campaign_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    draft = from_document(row["content"])
    return SavedDraft(draft, row["saved_by"], row["saved_at"], _picture(row), row["tested"])


def write_draft(connection: Connection, campaign_id: int, draft: Campaign, logo: bytes | None, actor: str) -> None:
    """Keeps the draft; what was tested stays noted."""
    values: dict[str, Any] = {"content": to_document(draft), "logo": logo, "saved_by": actor}
    statement = upsert(campaign_draft).values(campaign_id=campaign_id, **values)
    set_ = {**values, "saved_at": func.clock_timestamp()}
    connection.execute(statement.on_conflict_do_update(index_elements=[campaign_draft.c.campaign_id], set_=set_))


def note_tested(connection: Connection, campaign_id: int, mark: str) -> None:
    """These letters were tested."""
    connection.execute(update(campaign_draft).where(campaign_draft.c.campaign_id == campaign_id).values(tested=mark))


def delete_draft(connection: Connection, campaign_id: int) -> None:
    """Nothing is changed any more."""
    connection.execute(delete(campaign_draft).where(campaign_draft.c.campaign_id == campaign_id))


def published_logo(connection: Connection, campaign_id: int) -> bytes | None:
    """The picture on the public pages."""
    query = select(campaign_logo.c.image).where(campaign_logo.c.campaign_id == campaign_id)
    image = connection.execute(query).scalar_one_or_none()
    return bytes(image) if image is not None else None


def _picture(row: RowMapping) -> bytes | None:
    return bytes(row["logo"]) if row["logo"] is not None else None
