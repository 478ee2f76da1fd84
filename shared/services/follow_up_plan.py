"""Which follow-up emails a submission gets and when. Writes their rows; sends nothing."""

from datetime import timedelta

from sqlalchemy import Connection, RowMapping

from shared.db import follow_ups
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
