"""Editions: texts of campaigns that are kept whole. They are written once and never change.

Every text that supporters could read has one, so that a letter is made from what its writer read. Of texts whose
letters and consents are the same, `campaign.edition_id` names the first.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, text, update

from shared.db.tables import campaign_edition
from shared.domain.campaigns import Campaign, from_document, to_document
from shared.domain.editions import Edition, EditionKind

# More are kept than listed.
LISTED = 50
_WAS_READ = campaign_edition.c.kind != EditionKind.DISCARDED.value
_IN_FORCE = text("""
    SELECT id
    FROM campaign_edition
    WHERE campaign_id = :campaign_id
    AND kind <> 'discarded'
    ORDER BY
        made_at <= :moment DESC,
        CASE WHEN made_at <= :moment THEN made_at END DESC,
        made_at,
        id DESC
    LIMIT 1
""")


def add_edition(
    connection: Connection, campaign_id: int, kind: EditionKind, kept: Campaign, logo: bytes | None, actor: str
) -> int:
    """Keeps a text; returns its number."""
    values = {"campaign_id": campaign_id, "kind": kind.value, "content": to_document(kept), "logo": logo}
    statement = insert(campaign_edition).values(**values, made_by=actor).returning(campaign_edition.c.id)
    return int(connection.execute(statement).scalar_one())


def mark_published(connection: Connection, number: int | None) -> None:
    """What only test pages showed goes live."""
    is_test = (campaign_edition.c.id == number) & (campaign_edition.c.kind == EditionKind.TEST.value)
    connection.execute(update(campaign_edition).where(is_test).values(kind=EditionKind.PUBLISHED.value))


def list_editions(connection: Connection, campaign_id: int) -> list[Edition]:
    """What was published and what was thrown away: the last ones, newest first."""
    mine = (campaign_edition.c.campaign_id == campaign_id) & (campaign_edition.c.kind != EditionKind.TEST.value)
    rows = connection.execute(select(campaign_edition).where(mine).order_by(campaign_edition.c.id.desc()).limit(LISTED))
    return [_edition(row) for row in rows.mappings()]


def find_edition(connection: Connection, campaign_id: int, number: int) -> Edition | None:
    """One of this campaign's editions."""
    mine = (campaign_edition.c.campaign_id == campaign_id) & (campaign_edition.c.id == number)
    row = connection.execute(select(campaign_edition).where(mine)).mappings().one_or_none()
    return _edition(row) if row else None


def read_texts(connection: Connection, campaign_id: int, numbers: Iterable[int]) -> dict[int, Campaign]:
    """Texts of this campaign that supporters could read, by number; what is no such text is left out."""
    mine = (campaign_edition.c.campaign_id == campaign_id) & campaign_edition.c.id.in_(list(numbers)) & _WAS_READ
    rows = connection.execute(select(campaign_edition.c.id, campaign_edition.c.content).where(mine))
    return {number: from_document(content) for number, content in rows}


def in_force(connection: Connection, campaign_id: int, moment: datetime) -> int | None:
    """The number of the text that supporters read at that moment, or of the first one that is kept."""
    values = {"campaign_id": campaign_id, "moment": moment}
    return connection.execute(_IN_FORCE, values).scalar_one_or_none()


def _edition(row: RowMapping) -> Edition:
    logo = bytes(row["logo"]) if row["logo"] is not None else None
    kept = from_document(row["content"])
    return Edition(row["id"], EditionKind(row["kind"]), kept, row["made_by"], row["made_at"], logo)
