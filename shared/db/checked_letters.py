"""Letters that are held because they were sent within seconds, and whose words are written."""

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select

from shared.db.tables import letter
from shared.domain.states import HoldReason, LetterState


def count(connection: Connection, campaign_id: int) -> int:
    """How many there are in a campaign."""
    return int(connection.execute(select(func.count()).where(_checked(campaign_id))).scalar_one())


def lock(connection: Connection, campaign_id: int, limit: int) -> list[RowMapping]:
    """Some of them, locked until COMMIT."""
    query = select(letter).where(_checked(campaign_id)).order_by(letter.c.id).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True)).mappings())


def _checked(campaign_id: int) -> ColumnElement[bool]:
    return and_(
        letter.c.campaign_id == campaign_id,
        letter.c.state == LetterState.HELD.value,
        letter.c.hold_reason == HoldReason.ABUSE_CHECK.value,
        letter.c.body != "",
    )
