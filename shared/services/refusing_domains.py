"""What the email to organizers says about receiving domains that refuse everything."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping

from shared.db import refusing_domains
from shared.domain.campaigns import Campaign
from shared.domain.follow_ups import DOMAIN_REFUSES
from shared.domain.languages import SOURCE
from shared.domain.pace import Pace
from shared.domain.pace_words import trial_words
from shared.rendering.speech import say_moment, speaking
from shared.settings import Settings

# By campaign.
Refusing = Mapping[int, Sequence[RowMapping]]


def read_refusing(connection: Connection, rows: Sequence[RowMapping]) -> Refusing:
    """What the rows of `follow_up` that are about such domains need."""
    campaigns = {row["campaign_id"] for row in rows if row["kind"] == DOMAIN_REFUSES}
    return {number: refusing_domains.read_refusing(connection, number) for number in campaigns}


def refusing_values(settings: Settings, row: RowMapping, campaign: Campaign, refusing: Refusing) -> dict[str, Any]:
    """The values of the email about such domains; none for any other."""
    if row["kind"] != DOMAIN_REFUSES:
        return {}
    zone = ZoneInfo(campaign.timezone)
    with speaking(SOURCE):
        lines = [_line(one, zone) for one in refusing[row["campaign_id"]]]
    return {
        "refusing": lines,
        "sender_domain": settings.mail_domain,
        "delivery_url": f"{settings.public_url}/admin/delivery#domains",
    }


def _line(one: RowMapping, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "domain": one["receiving_domain"],
        "waiting": one["letters"],
        "said": one["open_reply"],
        "next_at": say_moment(one["open_until"], zone) if one["open_until"] else "",
        "trial": trial_words(Pace(trial=one["trial"])),
    }
