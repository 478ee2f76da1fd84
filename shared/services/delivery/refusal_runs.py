"""Holds a receiving domain that refuses everything, and queues again what it refused.

Replies are judged when a batch is recorded, reports (bounces, events of relay services) when they are applied.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func

from shared.db import domain_answers, letters, mailbox_pace
from shared.db.domain_answers import HoldState, NewAnswer, Receiver, SentLetter
from shared.db.engine import at_once
from shared.db.happenings import note
from shared.domain.causes import Cause
from shared.domain.happenings import Happening
from shared.domain.refusal_runs import (
    IN_A_ROW,
    LAST_ANSWERS,
    MAILBOXES,
    counts,
    is_run,
    learned_rate,
    needed_of,
    refuses_most,
)
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from shared.services.letter_fit import make_waiting
from shared.services.row_batches import in_turn, work_through

_LOG = structlog.get_logger()
# A domain that takes more between two runs needs no rate.
_MOST_COUNTED = 100_000
_LEARNS_FROM_S = 86_400.0


@dataclass(frozen=True)
class _Refusal:
    """The last refusal of those that are judged: what organizers are told."""

    cause: Cause
    reply: str
    campaign_ids: Sequence[int]


def learn_from_replies(connection: Connection, rows: Sequence[RowMapping], *, is_watched: bool) -> None:
    """Judges what was just recorded of letters, in the order in which they were answered.

    Letters that were taken are of interest only while their domain `is_watched`, having refused some lately; those for
    the local mailbox never.
    """
    answered: defaultdict[Receiver, list[RowMapping]] = defaultdict(list)
    for row in rows:
        is_outward = row["transport"] != Transport.MAILBOX
        if is_outward and (row["state"] == LetterState.SENT or _may_count(row)):
            answered[Receiver(Transport(row["transport"]), row["receiving_domain"])].append(row)
    for domain, own in answered.items():
        if is_watched or any(_may_count(row) for row in own):
            _learn(connection, domain, own)


def learn_from_report(connection: Connection, row: RowMapping, cause: Cause, reply: str, *, has_no_copy: bool) -> None:
    """Judges the report that a locked letter came back after it had left.

    `has_no_copy` when the report is by a relay that the receiving server refused. A letter that was claimed before its
    domain or mailbox was held belongs to that run: it waits again, and nothing is held anew. One that does not count
    waits again with a run, too, and begins none.
    """
    domain = Receiver(Transport(row["transport"]), row["receiving_domain"])
    if domain.transport is Transport.MAILBOX or not counts(cause, is_edited=False):
        return
    is_edited = row["id"] in domain_answers.edited_letters(connection, [row["id"]])
    is_counted = counts(cause, is_edited=is_edited)
    state = domain_answers.lock_hold(connection, domain)
    if state is None:
        return
    claimed_at = domain_answers.claimed_at(connection, row["id"], row["attempt"]) or row["state_changed_at"]
    mailbox = replace(domain, mailbox=_mailbox(row))
    mailbox_held_at = mailbox_pace.held_at(connection, _mailbox(row))
    held_at = max((at for at in (state.held_at, mailbox_held_at) if at is not None), default=None)
    is_of_the_run = held_at is not None and claimed_at <= held_at
    answer = NewAnswer(
        _mailbox(row),
        row["id"],
        row["attempt"],
        is_refusal=True,
        is_counted=is_counted,
        has_no_copy=has_no_copy,
        goes_back=has_no_copy and (is_of_the_run or state.is_held),
        claimed_at=claimed_at,
    )
    domain_answers.add_answers(connection, domain, [answer])
    if is_of_the_run or state.is_held or not is_counted:
        return
    if _is_reported_run(connection, domain, state):
        _hold(connection, domain, state, _Refusal(cause, reply, [row["campaign_id"]]))
    elif mailbox_held_at is not None or _is_reported_run(connection, mailbox, state):
        _hold_mailbox(connection, mailbox)


def return_refused(engine: Engine) -> int:
    """Queues again the letters that were refused in a run; how many."""
    return work_through(engine, domain_answers.lock_returning, _return, "letter.not_returned")


def try_domains(engine: Engine) -> None:
    """Begins the next trial of domains that took the last one, and lets new ones go that refused nothing."""
    in_turn(engine, domain_answers.prove_domains)
    with at_once(engine) as connection:
        for row in domain_answers.next_trials(connection):
            _LOG.info("delivery.next_trial", domain=row["receiving_domain"], letters=row["trial"])


def delete_old_answers(engine: Engine) -> None:
    """What a domain answered, and what a mailbox got, a week ago says nothing about today."""
    with engine.begin() as connection:
        domain_answers.forget_old_answers(connection)
        mailbox_pace.forget_quiet_mailboxes(connection)


def _may_count(row: RowMapping) -> bool:
    return row["state"] == LetterState.REJECTED and counts(Cause(row["cause"]), is_edited=False)


def _mailbox(row: RowMapping) -> str:
    return str(row["recipient_email"]).lower()


def _learn(connection: Connection, domain: Receiver, own: Sequence[RowMapping]) -> None:
    state = domain_answers.lock_hold(connection, domain)
    refused = [row for row in own if _may_count(row)]
    if state is None or not (refused or state.is_watched):
        return
    edited = domain_answers.edited_letters(connection, [row["id"] for row in refused]) if refused else set()
    refusing = {_mailbox(row) for row in refused}
    watched = refusing | domain_answers.refusing_mailboxes(connection, domain)
    last = len(own) - LAST_ANSWERS
    answers = [_answer(row, edited) for place, row in enumerate(own) if place >= last or _mailbox(row) in watched]
    domain_answers.add_answers(connection, domain, answers)
    if not refused:
        return
    if state.is_held:
        domain_answers.send_back(connection, domain)
    elif is_run(domain_answers.last_replies(connection, domain), state.trial):
        newest, numbers = refused[-1], sorted({row["campaign_id"] for row in refused})
        _hold(connection, domain, state, _Refusal(Cause(newest["cause"]), newest["remote_reply"], numbers))
    else:
        counted = {answer.mailbox for answer in answers if answer.is_counted}
        for mailbox in sorted(counted):
            of = replace(domain, mailbox=mailbox)
            replies = domain_answers.last_replies(connection, of)
            if is_run(replies, mailboxes=1) or mailbox_pace.held_at(connection, mailbox):
                _hold_mailbox(connection, of)


def _answer(row: RowMapping, edited: Collection[int]) -> NewAnswer:
    is_refusal = row["state"] == LetterState.REJECTED
    is_counted = is_refusal and counts(Cause(row["cause"]), is_edited=row["id"] in edited)
    return NewAnswer(_mailbox(row), row["id"], row["attempt"], is_refusal, is_counted, has_no_copy=is_refusal)


def _is_reported_run(connection: Connection, of: Receiver, state: HoldState) -> bool:
    """The letters between the first and the last that came back, as they left, tell whether most come back."""
    needed = IN_A_ROW if of.mailbox else needed_of(state.trial)
    reports = domain_answers.last_reports(connection, of, state.held_at)
    if len(reports) < needed:
        return False
    left = [sent for _, sent in reports]
    taken = domain_answers.count_taken(connection, of, min(left), max(left), most=len(reports) + 1)
    mailboxes = 1 if of.mailbox else MAILBOXES
    return refuses_most([answer for answer, _ in reports], taken, needed=needed, mailboxes=mailboxes)


def _hold(connection: Connection, domain: Receiver, state: HoldState, refusal: _Refusal) -> None:
    rate = _learned(connection, domain, state)
    domain_answers.hold(connection, domain, cause=refusal.cause, reply=refusal.reply, rate=rate)
    domain_answers.send_back(connection, domain)
    note(connection, Happening.LEFT_ALONE, campaign_ids=refusal.campaign_ids, about=domain.domain)
    _LOG.error("delivery.domain_refuses", domain=domain.domain, cause=refusal.cause.value, rate_per_hour=rate)


def _hold_mailbox(connection: Connection, of: Receiver) -> None:
    """Its letters wait: claims put them off until the hour is over, and then take one."""
    assert of.mailbox is not None  # noqa: S101 - callers hold one mailbox
    mailbox_pace.hold_mailbox(connection, of.mailbox)
    domain_answers.send_back(connection, of)
    _LOG.error("delivery.mailbox_refuses", domain=of.domain)


def _learned(connection: Connection, domain: Receiver, state: HoldState) -> int | None:
    """What the domain took since the last run, within a day, as an hourly rate; the first run tells nothing."""
    if state.held_at is None:
        return None
    since_s = min(state.held_for_s, _LEARNS_FROM_S)
    first = SentLetter(state.held_at + timedelta(seconds=state.held_for_s - since_s), 0)
    return learned_rate(domain_answers.count_taken(connection, domain, first, None, most=_MOST_COUNTED), since_s)


def _return(connection: Connection, row: RowMapping) -> None:
    domain_answers.forget_letter(connection, row["id"])
    is_refused = row["state"] in (LetterState.REJECTED, LetterState.BOUNCED) and row["may_return"]
    if is_refused and not letters.is_erased(connection, row):
        # Behind those that were not tried yet: a mailbox that always refuses must not spoil every trial.
        values = {"due_at": func.now(), "tries": 0}
        reply = row["remote_reply"]
        make_waiting(connection, row, LetterState.QUEUED, cause=Cause(row["cause"]), reply=reply, values=values)
        domain_answers.bound_wait(connection, row["id"])
        _LOG.info("letter.returned", letter_id=row["id"])
