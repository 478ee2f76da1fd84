"""Letters that may have left, where they are from, and which host was lost with them."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from shared.db.tables.letters import UNATTENDED

_LIST = text(
    f"""
    WITH uncertain AS (
        SELECT campaign_id, receiving_domain, worker, state_changed_at
        FROM letter
        WHERE state = 'uncertain' AND {UNATTENDED}
    )
    SELECT campaign.slug, receiving_domain, coalesce(delivery_connection.host, ''), count(*),
        min(uncertain.state_changed_at)
    FROM uncertain
    JOIN campaign ON campaign.id = uncertain.campaign_id
    LEFT JOIN delivery_connection ON delivery_connection.name = uncertain.worker
    GROUP BY campaign.slug, receiving_domain, coalesce(delivery_connection.host, '')
    ORDER BY count(*) DESC, campaign.slug, receiving_domain
    """
)


@dataclass(frozen=True)
class UncertainLine:
    """Letters of one campaign to one domain. `host` is where their worker was lost; empty when the server was."""

    slug: str
    receiving_domain: str
    host: str
    letters: int
    since: datetime


def list_uncertain(connection: Connection) -> list[UncertainLine]:
    """All that nobody has marked as dealt with, most letters first."""
    return [UncertainLine(*row) for row in connection.execute(_LIST)]
