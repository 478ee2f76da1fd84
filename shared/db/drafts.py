"""Drafts of campaigns and the editions that are kept. Who may replace what is the services' part."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db.tables import campaign_draft, campaign_edition, campaign_logo
from shared.domain.campaigns import Campaign, from_document, to_document
from shared.domain.editions import Edition, EditionKind, SavedDraft

# More are kept than listed.
LISTED = 50
_IS_PUBLISHED = campaign_edition.c.kind == EditionKind.PUBLISHED.value


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


def add_edition(
    connection: Connection,
    campaign_id: int,
    kind: EditionKind,
    kept: Campaign,
    logo: bytes | None,
    actor: str,
    *,
    at: datetime | None = None,
) -> None:
    """Keeps a text, as of the moment `at`, by default of this one."""
    values = {"campaign_id": campaign_id, "kind": kind.value, "content": to_document(kept), "logo": logo}
    connection.execute(insert(campaign_edition).values(**values, made_by=actor, made_at=at or func.now()))


def list_editions(connection: Connection, campaign_id: int) -> list[Edition]:
    """The last ones, newest first."""
    query = select(campaign_edition).where(campaign_edition.c.campaign_id == campaign_id)
    rows = connection.execute(query.order_by(campaign_edition.c.id.desc()).limit(LISTED)).mappings()
    return [_edition(row) for row in rows]


def find_edition(connection: Connection, campaign_id: int, number: int) -> Edition | None:
    """One of this campaign's editions."""
    mine = (campaign_edition.c.campaign_id == campaign_id) & (campaign_edition.c.id == number)
    row = connection.execute(select(campaign_edition).where(mine)).mappings().one_or_none()
    return _edition(row) if row else None


def last_published(connection: Connection, campaign_ids: Iterable[int]) -> dict[int, datetime]:
    """When each campaign's text was published last, for those of which an edition is kept."""
    mine = campaign_edition.c.campaign_id.in_(list(campaign_ids)) & _IS_PUBLISHED
    query = select(campaign_edition.c.campaign_id, func.max(campaign_edition.c.made_at)).where(mine)
    return {row[0]: row[1] for row in connection.execute(query.group_by(campaign_edition.c.campaign_id))}


def published_at(connection: Connection, campaign_id: int, moment: datetime) -> Campaign | None:
    """The text that supporters read at that moment, as far as it is kept."""
    mine = (campaign_edition.c.campaign_id == campaign_id) & _IS_PUBLISHED & (campaign_edition.c.made_at <= moment)
    query = select(campaign_edition.c.content).where(mine).order_by(campaign_edition.c.made_at.desc())
    content = connection.execute(query.limit(1)).scalar_one_or_none()
    return from_document(content) if content else None


def published_logo(connection: Connection, campaign_id: int) -> bytes | None:
    """The picture on the public pages."""
    query = select(campaign_logo.c.image).where(campaign_logo.c.campaign_id == campaign_id)
    image = connection.execute(query).scalar_one_or_none()
    return bytes(image) if image is not None else None


def _edition(row: RowMapping) -> Edition:
    kept = from_document(row["content"])
    return Edition(row["id"], EditionKind(row["kind"]), kept, row["made_by"], row["made_at"], _picture(row))


def _picture(row: RowMapping) -> bytes | None:
    return bytes(row["logo"]) if row["logo"] is not None else None
