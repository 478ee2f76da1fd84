"""Reads and writes campaign updates: what organizers write to those who agreed to hear more."""

from collections.abc import Collection

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, text, update

from shared.db.audiences import AGREED, NEWEST
from shared.db.tables import campaign_update
from shared.domain.follow_ups import UPDATE
from shared.domain.states import LetterState
from shared.domain.suppressions import SuppressionReason

_COUNT = text(
    "SELECT count(*), count(*) FILTER (WHERE transport = 'mailbox') FROM (SELECT DISTINCT ON (submission.email_hash)"  # noqa: S608 - constants only
    f" submission.transport {AGREED} ORDER BY submission.email_hash, {NEWEST}) AS agreed"
)
_EMAILS = text(
    "SELECT state, count(*) FROM follow_up"  # noqa: S608 - constants only
    f" WHERE kind = '{UPDATE}' AND number = :number GROUP BY state"
)
_LEFT_SINCE = text(
    "SELECT count(*) FROM suppression WHERE campaign_id = :campaign_id AND created_at >= :sent_at"  # noqa: S608 - constants only
    f" AND reason = '{SuppressionReason.UNSUBSCRIBED}' AND EXISTS (SELECT 1 FROM follow_up"
    " WHERE follow_up.email_hash = suppression.email_hash AND follow_up.campaign_id = suppression.campaign_id"
    f" AND kind = '{UPDATE}' AND number = :number AND sent_at IS NOT NULL)"
)


def count_agreed(connection: Connection, campaign_id: int, organization: str) -> tuple[int, int]:
    """People who want to hear from this organization about the campaign; how many of them wrote test letters only."""
    values = {"campaign_id": campaign_id, "organization": organization}
    people, practised = connection.execute(_COUNT, values).one()
    return people, practised


def insert_update(
    connection: Connection, campaign_id: int, *, organization: str, subject: str, body: str, actor: str
) -> int:
    """A new update, not sent to anybody yet; its number."""
    values = {
        "campaign_id": campaign_id,
        "organization": organization,
        "subject": subject,
        "body": body,
        "created_by": actor,
    }
    statement = insert(campaign_update).values(values).returning(campaign_update.c.id)
    return int(connection.execute(statement).scalar_one())


def list_updates(connection: Connection, campaign_id: int) -> list[RowMapping]:
    """A campaign's updates, newest first."""
    query = select(campaign_update).where(campaign_update.c.campaign_id == campaign_id)
    return list(connection.execute(query.order_by(campaign_update.c.id.desc())).mappings())


def find_update(connection: Connection, campaign_id: int, number: int) -> RowMapping | None:
    """The row; None when the campaign has no such update."""
    query = select(campaign_update).where(campaign_update.c.id == number, campaign_update.c.campaign_id == campaign_id)
    return connection.execute(query).mappings().one_or_none()


def lock_update(connection: Connection, campaign_id: int, number: int) -> RowMapping | None:
    """The row, locked until COMMIT."""
    query = select(campaign_update).where(campaign_update.c.id == number, campaign_update.c.campaign_id == campaign_id)
    return connection.execute(query.with_for_update(key_share=True)).mappings().one_or_none()


def read_updates(connection: Connection, numbers: Collection[int]) -> dict[int, RowMapping]:
    """Updates by number."""
    query = select(campaign_update).where(campaign_update.c.id.in_(numbers))
    return {row["id"]: row for row in connection.execute(query).mappings()}


def change_update(connection: Connection, number: int, *, subject: str, body: str, organization: str) -> None:
    """Other words: what was tested before counts no more."""
    values = {"subject": subject, "body": body, "organization": organization, "tested_at": None}
    connection.execute(update(campaign_update).where(campaign_update.c.id == number).values(values))


def mark_tested(connection: Connection, number: int) -> None:
    """An organizer has sent it to themselves."""
    connection.execute(update(campaign_update).where(campaign_update.c.id == number).values(tested_at=func.now()))


def mark_sent(connection: Connection, number: int) -> None:
    """An organizer decided that it leaves."""
    connection.execute(update(campaign_update).where(campaign_update.c.id == number).values(sent_at=func.now()))


def write_recipients(connection: Connection, number: int, recipients: int) -> None:
    """How many people get it, once all emails are prepared."""
    values = {"recipients": recipients}
    connection.execute(update(campaign_update).where(campaign_update.c.id == number).values(values))


def delete_update(connection: Connection, number: int) -> None:
    """It was never sent to anybody."""
    connection.execute(delete(campaign_update).where(campaign_update.c.id == number))


def count_emails(connection: Connection, number: int) -> dict[LetterState, int]:
    """The emails of this update by state."""
    return {LetterState(state): emails for state, emails in connection.execute(_EMAILS, {"number": number})}


def count_left_since(connection: Connection, row: RowMapping) -> int:
    """Those who got this update and have unsubscribed from the campaign after it was sent."""
    values = {"campaign_id": row["campaign_id"], "number": row["id"], "sent_at": row["sent_at"]}
    return int(connection.execute(_LEFT_SINCE, values).scalar_one())
