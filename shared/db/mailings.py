"""Prepares emails to many people, a batch at a time, in the order of their email hashes: each person once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, TextClause, func, insert, select, text, update

from shared.db.audiences import AGREED, CONSENTED, CONSENTED_FIRST, NEWEST, WROTE
from shared.db.tables import mailing, submission
from shared.domain.follow_ups import PlannedStep
from shared.domain.mailings import Mailing, MailingState

_RUNNING = mailing.c.state == MailingState.RUNNING.value
_DUE = _RUNNING & (mailing.c.due_at <= func.clock_timestamp())
_PEOPLE_WHO_AGREED = """
    FROM consent
    WHERE campaign_id = :campaign_id
        AND organization = :organization
        AND withdrawn_at IS NULL
"""
_PEOPLE_WHO_WROTE = """
    FROM submission
    WHERE campaign_id = :campaign_id
        AND accepted_at IS NOT NULL
"""
# Whom the next batch looks at, the submission of each that counts, and their emails. A person who has this email
# already, for another submission of theirs, gets none.
_PREPARE = """
    WITH person AS MATERIALIZED (
        SELECT DISTINCT email_hash
        {people}
            AND email_hash > :reached
        ORDER BY email_hash
        LIMIT :limit
    ),
    chosen AS MATERIALIZED (
        SELECT one.*
        FROM person
        CROSS JOIN LATERAL (
            SELECT submission.*
            {audience}
                AND submission.email_hash = person.email_hash
                AND submission.id <= :until_id
            ORDER BY {order}
            LIMIT 1
        ) AS one
    ),
    made AS (
        INSERT INTO follow_up (
            submission_id, campaign_id, kind, number, needs, recipient_email, receiving_domain, email_hash, is_test,
            transport, due_at
        )
        SELECT
            chosen.id, chosen.campaign_id, step.kind, step.number, step.needs, email, split_part(email, '@', 2),
            email_hash, is_test, transport, mailing.began_at + step.delay_s * interval '1 second'
        FROM chosen
        CROSS JOIN mailing
        CROSS JOIN LATERAL jsonb_to_recordset(mailing.steps)
            AS step(kind text, number bigint, delay_s float8, needs text[])
        WHERE mailing.id = :mailing_id
            AND NOT EXISTS (
                SELECT 1
                FROM follow_up
                WHERE follow_up.email_hash = chosen.email_hash
                    AND follow_up.campaign_id = chosen.campaign_id
                    AND follow_up.kind = step.kind
                    AND follow_up.number = step.number
                -- By the person's index, one by one: the table grows with each batch, and its statistics are old.
                OFFSET 0
            )
        ORDER BY chosen.email_hash
        ON CONFLICT DO NOTHING
    )
    SELECT
        (SELECT count(*) FROM person) AS looked_at,
        (SELECT coalesce(max(email_hash), :reached) FROM person) AS reached,
        (SELECT count(*) FROM chosen) AS prepared
"""
_NEXT = "SELECT min(email_hash) {people} AND email_hash > :reached"
_COUNT = "SELECT count(DISTINCT submission.email_hash) {audience} AND submission.id <= :until_id"


@dataclass(frozen=True)
class _Audience:
    """The statements about those who are part of a mailing."""

    prepare: TextClause
    next: TextClause
    count: TextClause


def _audience(people: str, audience: str, order: str) -> _Audience:
    parts = {"people": people, "audience": audience, "order": order}
    return _Audience(*(text(statement.format(**parts)) for statement in (_PREPARE, _NEXT, _COUNT)))


_AGREED = _audience(_PEOPLE_WHO_AGREED, AGREED, NEWEST)
_WROTE = _audience(_PEOPLE_WHO_WROTE, WROTE, CONSENTED_FIRST)
_CONSENTED = _audience(_PEOPLE_WHO_WROTE, CONSENTED, NEWEST)
_ANY_AGREED = text(f"SELECT EXISTS (SELECT 1 {AGREED})")


def any_agreed(connection: Connection, campaign_id: int, organization: str) -> bool:
    """True when anybody may be written to by this organization."""
    values = {"campaign_id": campaign_id, "organization": organization}
    return bool(connection.execute(_ANY_AGREED, values).scalar_one())


def count_people(connection: Connection, campaign_id: int, *, only_consented: bool) -> int:
    """How many people get the news that the campaign was won."""
    statement = _CONSENTED.count if only_consented else _WROTE.count
    values = {"campaign_id": campaign_id, "until_id": _newest(connection)}
    return int(connection.execute(statement, values).scalar_one())


def insert_mailing(
    connection: Connection,
    campaign_id: int,
    steps: Sequence[PlannedStep],
    *,
    actor: str,
    update_id: int | None = None,
    organization: str = "",
    only_consented: bool = False,
) -> int:
    """A new mailing to everybody who is part of it now; its number."""
    values = {
        "campaign_id": campaign_id,
        "update_id": update_id,
        "organization": organization,
        "only_consented": only_consented,
        "until_id": _newest(connection),
        "actor": actor,
        "steps": [
            {"kind": one.kind, "number": one.number, "delay_s": one.delay_s, "needs": list(one.needs)} for one in steps
        ],
    }
    return int(connection.execute(insert(mailing).values(values).returning(mailing.c.id)).scalar_one())


def lock_running(connection: Connection, number: int | None = None) -> RowMapping | None:
    """The one that has been due the longest, or this one, unless another worker has it; locked."""
    query = select(mailing).where(_DUE)
    query = query if number is None else query.where(mailing.c.id == number)
    query = query.order_by(mailing.c.due_at).limit(1).with_for_update(key_share=True, skip_locked=True)
    return connection.execute(query).mappings().one_or_none()


def is_due(connection: Connection) -> bool:
    """True when a sweep should ring."""
    return bool(connection.execute(select(select(mailing.c.id).where(_DUE).exists())).scalar_one())


def count_of(connection: Connection, row: RowMapping) -> int:
    """How many people are part of it."""
    return int(connection.execute(_of(row).count, dict(row)).scalar_one())


def prepare(connection: Connection, row: RowMapping, reached: str, limit: int) -> tuple[int, int, str]:
    """The emails of the next people: how many were looked at, how many of them get one, and the last one's hash."""
    values = {**row, "mailing_id": row["id"], "reached": reached, "limit": limit}
    found = connection.execute(_of(row).prepare, values).one()
    return found.looked_at, found.prepared, found.reached


def next_person(connection: Connection, row: RowMapping, reached: str) -> str | None:
    """The email hash that comes next."""
    values = {**row, "reached": reached}
    found: str | None = connection.execute(_of(row).next, values).scalar_one()
    return found


def write_mailing(connection: Connection, number: int, values: dict[str, Any]) -> None:
    """Writes columns. Others get their turn before it."""
    values = {"due_at": func.clock_timestamp(), **values}
    connection.execute(update(mailing).where(mailing.c.id == number).values(values))


def end(connection: Connection, number: int, state: MailingState) -> bool:
    """Ends it if it still runs; True then. Where it was is not kept."""
    values = {"state": state.value, "reached": "", "ended_at": func.now()}
    return connection.execute(update(mailing).where(mailing.c.id == number, _RUNNING).values(values)).rowcount > 0


def put_off(connection: Connection, number: int, failures: int, wait: timedelta) -> None:
    """Its last batch failed, `failures` times in a row."""
    write_mailing(connection, number, {"failures": failures, "due_at": func.clock_timestamp() + wait})


def count_failing(connection: Connection, failures: int) -> int:
    """How many mailings failed so often in a row."""
    query = select(func.count()).select_from(mailing).where(_RUNNING, mailing.c.failures >= failures)
    return int(connection.execute(query).scalar_one())


def read_prepared(connection: Connection, number: int) -> int:
    """How many people's emails are prepared."""
    return int(connection.execute(select(mailing.c.prepared).where(mailing.c.id == number)).scalar_one())


def stop_won(connection: Connection, campaign_id: int) -> None:
    """The campaign is not won any more: the rest gets no email."""
    running = select(mailing.c.id).where(mailing.c.campaign_id == campaign_id, mailing.c.update_id.is_(None), _RUNNING)
    for number in connection.scalars(running).all():
        end(connection, number, MailingState.STOPPED)


def find_of_update(connection: Connection, update_id: int) -> Mailing | None:
    """The mailing of an update; None for one that an older version sent at once."""
    return _find(connection, mailing.c.update_id == update_id)


def list_of_updates(connection: Connection, campaign_id: int) -> dict[int, Mailing]:
    """The mailings of a campaign's updates, by the number of the update."""
    query = select(mailing).where(mailing.c.campaign_id == campaign_id, mailing.c.update_id.is_not(None))
    return {row.update_id: _mailing(row) for row in connection.execute(query)}


def find_won(connection: Connection, campaign_id: int) -> Mailing | None:
    """The newest mailing of a campaign that was won."""
    return _find(connection, (mailing.c.campaign_id == campaign_id) & mailing.c.update_id.is_(None))


def _of(row: RowMapping) -> _Audience:
    if row["update_id"] is not None:
        return _AGREED
    return _CONSENTED if row["only_consented"] else _WROTE


def _find(connection: Connection, which: Any) -> Mailing | None:
    row = connection.execute(select(mailing).where(which).order_by(mailing.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _mailing(row)


def _mailing(row: Row[Any]) -> Mailing:
    return Mailing(row.id, MailingState(row.state), row.people, row.prepared, row.began_at, row.failures > 0)


def _newest(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(submission.c.id), 0))).scalar_one())
