"""The audit log: who saw or did what, when, in which campaign. Written here alone, never changed, deleted when old."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, Select, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from shared.db.engine import at_once
from shared.db.tables import audit_entry, campaign
from shared.services.organizers import OrganizerSession

_LOG = structlog.get_logger()
KEPT = timedelta(days=730)
PAGE_SIZE = 50
_BATCH = 10_000
# A page that is looked at again and again, a text that saves itself.
_ONCE_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Entry:
    """One line. `campaign` is a title, "" for what is about the whole installation."""

    id: int
    at: datetime
    who: str
    action: str
    is_change: bool
    about: str
    campaign: str


def write_down(
    engine: Engine, who: OrganizerSession, action: str, *, is_change: bool, about: str = "", once: bool = False
) -> None:
    """Adds a line; with `once` not if the same was written within the last minutes.

    What was done is done: that it could not be written down is logged.
    """
    values = {
        "organizer_id": who.id,
        "who": who.email,
        "campaign_id": who.campaign_id,
        "action": action,
        "is_change": is_change,
        "about": about,
    }
    try:
        with at_once(engine) as connection:
            if not (once and connection.execute(_same_line(values)).first()):
                connection.execute(insert(audit_entry).values(values))
    except SQLAlchemyError as error:
        _LOG.error("audit.not_written", action=action, organizer_id=who.id, error=type(error).__name__)


def write_down_command(connection: Connection, who: str, action: str) -> None:
    """A line for a change at the command line, in the transaction that makes it."""
    connection.execute(insert(audit_entry).values(who=who, action=action, is_change=True))


def _same_line(values: Mapping[str, object]) -> Select[tuple[int]]:
    same = [audit_entry.c[name].is_not_distinct_from(value) for name, value in values.items()]
    return select(audit_entry.c.id).where(audit_entry.c.at > func.now() - _ONCE_WITHIN, *same).limit(1)


def read_entries(
    engine: Engine, campaign_id: int | None, *, before: int | None = None, changes_only: bool = False
) -> Sequence[Entry]:
    """A page of lines, newest first, and one more if there are older ones; `campaign_id` None means everywhere."""
    columns = (audit_entry, func.coalesce(campaign.c.title, "").label("campaign"))
    query = select(*columns).outerjoin(campaign, campaign.c.id == audit_entry.c.campaign_id)
    if campaign_id is not None:
        query = query.where(audit_entry.c.campaign_id == campaign_id)
    if before is not None:
        query = query.where(audit_entry.c.id < before)
    if changes_only:
        query = query.where(audit_entry.c.is_change)
    with at_once(engine) as connection:
        rows = connection.execute(query.order_by(audit_entry.c.id.desc()).limit(PAGE_SIZE + 1)).all()
    return [Entry(row.id, row.at, row.who, row.action, row.is_change, row.about, row.campaign) for row in rows]


def delete_old_entries(engine: Engine) -> int:
    """Deletes what is older than two years, a batch at a time; returns how many lines that were."""
    old = select(audit_entry.c.id).where(audit_entry.c.at < func.now() - KEPT).limit(_BATCH)
    with engine.begin() as connection:
        return connection.execute(delete(audit_entry).where(audit_entry.c.id.in_(old))).rowcount
