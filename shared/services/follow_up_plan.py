"""Which follow-up emails a submission gets and when. Writes their rows; sends nothing."""

from datetime import timedelta

from sqlalchemy import Connection, RowMapping

from shared.db import follow_ups
from shared.domain.campaigns import Campaign
from shared.domain.transport import Route

NOW = timedelta(0)


def plan_step(connection: Connection, submission: RowMapping, kind: str, route: Route, delay: timedelta = NOW) -> None:
    """One email of `kind` (its folder in templates/emails) after `delay`; each submission gets each kind once."""
    values = {
        "submission_id": submission["id"],
        "campaign_id": submission["campaign_id"],
        "kind": kind,
        "recipient_email": submission["email"],
        "receiving_domain": submission["email"].rpartition("@")[2],
        "is_test": route.is_test,
        "transport": route.transport.value,
    }
    follow_ups.insert_follow_up(connection, values, delay)


def plan_follow_ups(
    connection: Connection, submission: RowMapping, campaign: Campaign, trigger: str, route: Route
) -> bool:
    """All steps of the campaign that begin with `trigger`; True when there are any."""
    steps = [step for step in campaign.follow_ups if step.trigger == trigger]
    for step in steps:
        plan_step(connection, submission, step.template, route, timedelta(days=step.after_days))
    return bool(steps)
