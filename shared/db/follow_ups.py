"""Reads and writes follow-up emails: rows with a due date, claimed and fenced like letters."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, select, text, update

from shared.db.delivery_connections import is_overdue
from shared.db.driver import Spelled, ask
from shared.db.organizer_emails import join_told, one_for_each_campaign
from shared.db.pace import MUST_WAIT
from shared.db.tables import domain_pace, follow_up
from shared.domain.follow_ups import ADDRESS_FAILS, ANSWER, NEW_HOLDER, REPLY, TO_ORGANIZERS, Need, PlannedStep
from shared.domain.identities import Mark
from shared.domain.states import CLAIMABLE, HAS_LEFT, LetterState, check_letter_arrow
from shared.domain.transport import Transport

# Tries at one email, half a week of them.
MOST_TRIES = 16
_STATES = [state.value for state in LetterState]
_CLAIMABLE = [state.value for state in CLAIMABLE]
# Planned steps as rows that a statement joins with its submissions.
STEPS = (
    "unnest(%(kinds)s::text[], %(numbers)s::bigint[], %(delays_s)s::float8[], %(needs)s::text[])"
    " AS step(kind, number, delay_s, needs)"
)
_PLAN = Spelled(
    "INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email, receiving_domain,"
    " email_hash, is_test, transport, due_at) SELECT submission.id, campaign_id, step.kind, step.number"
    " + CASE WHEN %(again)s THEN (SELECT count(*) FROM follow_up gone WHERE gone.submission_id = submission.id"
    " AND gone.kind = step.kind AND gone.state NOT IN ('queued', 'deferred')) ELSE 0 END,"
    " string_to_array(step.needs, ','), email, split_part(email, '@', 2), email_hash, is_test, transport,"
    f" now() + step.delay_s * interval '1 second' FROM submission, {STEPS}"
    " WHERE submission.id = ANY(%(ids)s) AND accepted_at IS NOT NULL AND email <> '' ON CONFLICT DO NOTHING"
)
_PASS_ON = text(
    "INSERT INTO follow_up (submission_id, campaign_id, kind, number, reply_to, recipient_email, receiving_domain,"
    " email_hash, is_test, transport) SELECT id, campaign_id, :kind, :number, :reply_to, email,"
    " split_part(email, '@', 2), email_hash, is_test, transport FROM submission WHERE id = :submission_id"
    " AND email <> '' ON CONFLICT DO NOTHING"
)
_TO_ORGANIZERS = (
    "INSERT INTO follow_up (submission_id, campaign_id, kind, number, reply_to, recipient_email, receiving_domain,"
    " email_hash, is_test, transport) SELECT submission_id, campaign_id, :kind, :number, :reply_to, :recipient,"
    " split_part(:recipient, '@', 2), :email_hash, is_test, transport FROM {table} WHERE id = :id"
    " ON CONFLICT DO NOTHING"
)
_NEW_HOLDER = text(
    """
    INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email, receiving_domain,
        email_hash, is_test, transport, due_at)
    SELECT id, campaign_id, :kind, :number, ARRAY[:need], email, split_part(email, '@', 2), email_hash, is_test,
        transport, now() + :gather_s * interval '1 second'
    FROM submission
    WHERE id = :submission_id AND email <> ''
    ON CONFLICT DO NOTHING
    """
)
# An organizer who undoes the change within this time saves the supporter an email.
_GATHER_S = 600.0
_PASSED_ON_TODAY = text(
    "SELECT count(*) FROM follow_up WHERE submission_id = :submission_id AND kind = :kind"
    " AND created_at > now() - interval '1 day'"
)
_NEWEST_OF = text(
    "SELECT id FROM follow_up WHERE email_hash = :email_hash AND campaign_id = :campaign_id AND kind NOT IN"
    f" {TO_ORGANIZERS} ORDER BY id DESC LIMIT 1"
)
# For each campaign that has written to an office whose address fails since it was told last, a day ago or longer.
_TELL_OF_FAILING = text(
    f"""
    {one_for_each_campaign(ADDRESS_FAILS, Need.ADDRESS_FAILS)}
    FROM office_holder holder
    JOIN office ON office.id = holder.office_id
    JOIN campaign ON campaign.jurisdiction = office.jurisdiction AND office.chamber = ANY(campaign.chambers)
    CROSS JOIN LATERAL (
        SELECT *
        FROM letter
        WHERE letter.campaign_id = campaign.id AND state = ANY(:states) AND letter.office_id = holder.office_id
        LIMIT 1
    ) AS letter
    {join_told(ADDRESS_FAILS)}
    WHERE holder.valid_to IS NULL AND (holder.email_failed_at IS NOT NULL OR holder.second_failed_at IS NOT NULL)
        AND (holder.email_failed_at > told.at OR holder.second_failed_at > told.at)
        AND told.at < now() - interval '1 day'
    ORDER BY campaign.id
    ON CONFLICT DO NOTHING
    """
)
_SUPPRESS_REFUSED = text(
    "INSERT INTO suppression (email_hash, campaign_id, reason, source) SELECT DISTINCT email_hash,"
    " CAST(NULL AS bigint), 'bounced', 'refused' FROM follow_up WHERE id = ANY(:ids) AND cause = 'no_such_address'"
    f" AND kind NOT IN {TO_ORGANIZERS} ON CONFLICT DO NOTHING"
)
# In binary: whole documents as text would be looked through for every quote.
_WRITE_WORDS = Spelled(
    "UPDATE follow_up SET subject = words.subject, body_text = words.body_text, body_html = words.body_html"
    " FROM unnest(%(ids)b::bigint[], %(subjects)b::text[], %(texts)b::text[], %(htmls)b::text[])"
    " AS words(id, subject, body_text, body_html) WHERE follow_up.id = words.id"
)


def insert_steps(
    connection: Connection, submission_ids: Sequence[int], steps: Sequence[PlannedStep], *, again: bool = False
) -> None:
    """These follow-ups for each of these accepted submissions, each once; `again` as often as one before has gone."""
    if steps:
        ask(connection, _PLAN, {"ids": list(submission_ids), "again": again, **step_values(steps)})


def step_values(steps: Sequence[PlannedStep]) -> dict[str, list[Any]]:
    """What STEPS is filled with."""
    return {
        "kinds": [step.kind for step in steps],
        "numbers": [step.number for step in steps],
        "delays_s": [step.delay_s for step in steps],
        "needs": [",".join(step.needs) for step in steps],
    }


def find_follow_up(connection: Connection, number: int) -> RowMapping | None:
    """The row; None when there is none of this number."""
    return connection.execute(select(follow_up).where(follow_up.c.id == number)).mappings().one_or_none()


def lock_follow_up(connection: Connection, number: int) -> RowMapping | None:
    """The row, locked until COMMIT."""
    query = select(follow_up).where(follow_up.c.id == number).with_for_update(key_share=True)
    return connection.execute(query).mappings().one_or_none()


def insert_passed_on(connection: Connection, submission_id: int, receipt_id: int, reply_to: str) -> None:
    """An office's answer for the supporter, due now; its words are made from the receipt."""
    values = {"submission_id": submission_id, "number": receipt_id, "reply_to": reply_to, "kind": ANSWER}
    connection.execute(_PASS_ON, values)


def insert_new_holder(connection: Connection, submission_id: int, revision: int) -> None:
    """Tells the supporter, once, that their letter goes or would go to another holder; due in a few minutes."""
    values = {"submission_id": submission_id, "number": revision, "kind": NEW_HOLDER, "need": Need.NEW_HOLDER.value}
    connection.execute(_NEW_HOLDER, {**values, "gather_s": _GATHER_S})


def was_told_of_holder(connection: Connection, submission_id: int, revision: int) -> bool:
    """True when that email has left, or may have."""
    mine = (follow_up.c.submission_id == submission_id, follow_up.c.kind == NEW_HOLDER, follow_up.c.number == revision)
    gone = follow_up.c.state.in_([LetterState.SENDING.value, *(state.value for state in HAS_LEFT)])
    return bool(connection.scalar(select(select(follow_up.c.id).where(*mine, gone).exists())))


def count_passed_on(connection: Connection, submission_id: int) -> int:
    """How often offices' mail was passed on to this submission's supporter within a day."""
    values = {"submission_id": submission_id, "kind": ANSWER}
    return int(connection.execute(_PASSED_ON_TODAY, values).scalar_one())


def newest_of_person(connection: Connection, campaign_id: int, email_hash: str) -> int | None:
    """The last email that this person got, or was to get, from the campaign."""
    values = {"campaign_id": campaign_id, "email_hash": email_hash}
    return connection.execute(_NEWEST_OF, values).scalar_one_or_none()


def insert_for_organizer(
    connection: Connection, about: Mark, receipt_id: int, *, recipient: str, email_hash: str, reply_to: str
) -> None:
    """What somebody wrote back, for the organizers, due now; `about` is an email of ours to which it belongs."""
    values = {"id": about.number, "number": receipt_id, "reply_to": reply_to, "kind": REPLY}
    statement = text(_TO_ORGANIZERS.format(table=about.kind))
    connection.execute(statement, {**values, "recipient": recipient, "email_hash": email_hash})


def tell_of_failing(connection: Connection, recipient: str, email_hash: str, gather_s: float) -> int:
    """The organizers hear of offices' addresses that fail, those of one campaign in one email; how many emails."""
    values = {"recipient": recipient, "email_hash": email_hash, "gather_s": gather_s, "states": _STATES}
    return connection.execute(_TELL_OF_FAILING, values).rowcount


def change_follow_up(
    connection: Connection, row: RowMapping, state: LetterState, values: Mapping[str, Any] | None = None
) -> None:
    """Moves a locked follow-up to `state` by the letters' transition table."""
    check_letter_arrow(LetterState(row["state"]), state)
    changes = {**(values or {}), "state": state.value, "state_changed_at": func.now(), "lease_until": None}
    if row["state"] in HAS_LEFT and state in CLAIMABLE:
        changes["resends"] = row["resends"] + 1
    connection.execute(update(follow_up).where(follow_up.c.id == row["id"]).values(changes))


def suppress_refused(connection: Connection, numbers: Sequence[int]) -> None:
    """Those of these follow-ups whose address does not exist: it gets nothing more, of any campaign."""
    if numbers:
        connection.execute(_SUPPRESS_REFUSED, {"ids": list(numbers)})


def write_words(connection: Connection, words: Mapping[int, tuple[str, str, str]]) -> None:
    """Freezes subject, text and HTML of each follow-up before its first attempt."""
    values: dict[str, list[Any]] = {"ids": list(words)}
    values |= {name: [one[part] for one in words.values()] for part, name in enumerate(("subjects", "texts", "htmls"))}
    ask(connection, _WRITE_WORDS, values)


def lock_waiting(connection: Connection, submission_id: int) -> list[RowMapping]:
    """A submission's follow-ups that have not left, locked."""
    query = select(follow_up).where(follow_up.c.submission_id == submission_id, follow_up.c.state.in_(_CLAIMABLE))
    return list(connection.execute(query.order_by(follow_up.c.id).with_for_update(key_share=True)).mappings())


def lock_overdue(
    connection: Connection, limit: int, but: Collection[int] = (), *, dead_after_s: float
) -> list[RowMapping]:
    """Follow-ups whose worker is dead, or has let the lease run out, without those numbered `but`."""
    query = select(follow_up).where(is_overdue(follow_up, dead_after_s), follow_up.c.id.not_in(but))
    return list(connection.execute(query.limit(limit).with_for_update(key_share=True, skip_locked=True)).mappings())


def follow_ups_are_due(connection: Connection, transports: Sequence[Transport]) -> bool:
    """True when a claim would find follow-ups, so that a sweep should ring for mail."""
    query = select(follow_up.c.id).where(_due(transports))
    return bool(connection.execute(select(query.exists())).scalar_one())


def _due(transports: Sequence[Transport]) -> ColumnElement[bool]:
    """What a claim takes and a sweep rings for."""
    of_domain = and_(
        domain_pace.c.transport == follow_up.c.transport,
        domain_pace.c.receiving_domain == follow_up.c.receiving_domain,
    )
    return and_(
        ~exists().where(of_domain, MUST_WAIT),
        follow_up.c.state.in_(_CLAIMABLE),
        follow_up.c.due_at <= func.now(),
        follow_up.c.transport.in_([transport.value for transport in transports]),
    )
