"""Writes a batch's outcomes and what follows from them. Used after sending, and for what a dead worker left."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, RowMapping

from shared.db import campaigns, follow_ups
from shared.db.claims import Kind, Result, record_results
from shared.domain.states import LetterState


def record(connection: Connection, kind: Kind, results: Sequence[Result]) -> bool:
    """Outcomes and, for a submission's first letter sent, its follow-ups; True when any of those became due."""
    rows = record_results(connection, kind, results)
    if kind is not Kind.LETTER:
        return False
    return _plan_after_sent(connection, [row for row in rows if row["state"] == LetterState.SENT.value])


def _plan_after_sent(connection: Connection, sent: Sequence[RowMapping]) -> bool:
    submissions: dict[int, set[int]] = {}
    for row in sent:
        submissions.setdefault(row["campaign_id"], set()).add(row["submission_id"])
    planned = [_plan(connection, campaign_id, ids) for campaign_id, ids in submissions.items()]
    return any(planned)


def _plan(connection: Connection, campaign_id: int, submission_ids: set[int]) -> bool:
    steps = campaigns.read_campaign(connection, campaign_id).campaign.follow_ups
    due: Mapping[str, int] = {step.template: step.after_days for step in steps if step.trigger == "first_sent"}
    for kind, after_days in due.items():
        follow_ups.insert_for_submissions(connection, sorted(submission_ids), kind, after_days)
    return bool(due)
