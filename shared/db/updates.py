"""Reads and writes campaign updates: what organizers write to those who agreed to hear more."""

from collections.abc import Collection

from sqlalchemy import Connection, RowMapping, func, insert, select, text, update

from shared.db.tables import campaign_update
from shared.domain.follow_ups import UPDATE

# One email to a person, however often they wrote; the newest submission is the one that it speaks of.
_AGREED = (
    "SELECT DISTINCT ON (submission.email_hash) submission.* FROM consent"
    " JOIN submission ON submission.id = consent.submission_id"
    " WHERE consent.campaign_id = :campaign_id AND consent.organization = :organization AND withdrawn_at IS NULL"
    " AND submission.state <> 'withdrawn' AND submission.accepted_at IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.email_hash = submission.email_hash"
    " AND (suppression.campaign_id IS NULL OR suppression.campaign_id = submission.campaign_id))"
    " ORDER BY submission.email_hash, submission.id DESC"
)
_COUNT = text(f"SELECT count(*) FROM ({_AGREED}) AS agreed")  # noqa: S608 - constants only
_SEND = text(
    "INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email, receiving_domain,"  # noqa: S608 - constants only
    f" email_hash, is_test, transport, due_at) SELECT id, campaign_id, '{UPDATE}', :number, '{{consented}}', email,"
    f" split_part(email, '@', 2), email_hash, is_test, transport, now() FROM ({_AGREED}) AS agreed"
    " ON CONFLICT DO NOTHING"
)


def count_agreed(connection: Connection, campaign_id: int, organization: str) -> int:
    """People who want to hear from this organization about the campaign."""
    values = {"campaign_id": campaign_id, "organization": organization}
    return int(connection.execute(_COUNT, values).scalar_one())


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


def lock_update(connection: Connection, campaign_id: int, number: int) -> RowMapping | None:
    """The row, locked until COMMIT."""
    query = select(campaign_update).where(campaign_update.c.id == number, campaign_update.c.campaign_id == campaign_id)
    return connection.execute(query.with_for_update()).mappings().one_or_none()


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


def send_update(connection: Connection, row: RowMapping) -> int:
    """An email for everybody who agreed, due now; how many."""
    values = {"campaign_id": row["campaign_id"], "organization": row["organization"], "number": row["id"]}
    recipients = connection.execute(_SEND, values).rowcount
    sent = {"sent_at": func.now(), "recipients": recipients}
    connection.execute(update(campaign_update).where(campaign_update.c.id == row["id"]).values(sent))
    return recipients
