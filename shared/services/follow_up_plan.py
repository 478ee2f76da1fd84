"""Which follow-up emails submissions get and when. Writes their rows; sends nothing."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping

from shared.clock import now
from shared.db import campaigns, follow_ups
from shared.domain.follow_ups import Trigger


def plan_follow_ups(connection: Connection, campaign_id: int, submission_ids: Sequence[int], trigger: Trigger) -> bool:
    """The steps that `trigger` starts, for each of these submissions of one campaign, once; True when any is due now.

    News of a further failed letter is a further notice, unless one still waits: that one tells of both.
    """
    steps = campaigns.read_campaign(connection, campaign_id).campaign.planned(trigger, now())
    follow_ups.insert_steps(connection, submission_ids, steps, again=trigger is Trigger.FAILED)
    return any(step.delay_s <= 0 for step in steps)


def plan_for_letters(connection: Connection, rows: Sequence[RowMapping], trigger: Trigger) -> bool:
    """The same for the submissions of these letters, of whatever campaigns."""
    submissions: dict[int, set[int]] = {}
    for row in rows:
        submissions.setdefault(row["campaign_id"], set()).add(row["submission_id"])
    due = [plan_follow_ups(connection, number, sorted(ids), trigger) for number, ids in submissions.items()]
    return any(due)
