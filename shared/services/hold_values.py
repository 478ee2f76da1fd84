"""What emails say about letters that are on hold and whose hold ends soon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping

from shared.db import expiring
from shared.domain.campaigns import Campaign
from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.follow_ups import HOLD_EXPIRES, HOLDS_EXPIRE
from shared.domain.languages import SOURCE
from shared.domain.letter_words import office_label, own_cause_words
from shared.rendering.speech import say_day, speaking
from shared.settings import Settings


@dataclass(frozen=True)
class Holds:
    """Held letters: one by one of each submission, and counted by cause of each campaign."""

    of_submissions: Mapping[int, Sequence[RowMapping]]
    of_campaigns: Mapping[int, Sequence[RowMapping]]


def read_holds(connection: Connection, rows: Sequence[RowMapping]) -> Holds:
    """What those of these rows of `follow_up` need that are about holds."""
    people = {row["submission_id"] for row in rows if row["kind"] == HOLD_EXPIRES}
    of_campaigns = {row["campaign_id"] for row in rows if row["kind"] == HOLDS_EXPIRE}
    return Holds(
        expiring.holds_of_submissions(connection, sorted(people)) if people else {},
        {number: expiring.holds_that_end_soon(connection, number) for number in of_campaigns},
    )


def hold_values(settings: Settings, row: RowMapping, campaign: Campaign, language: str, holds: Holds) -> dict[str, Any]:
    """The values of an email about holds; none for any other."""
    zone = ZoneInfo(campaign.timezone)
    if row["kind"] == HOLD_EXPIRES:
        with speaking(language):
            return {"held": [_line(one, zone) for one in holds.of_submissions[row["submission_id"]]]}
    if row["kind"] == HOLDS_EXPIRE:
        counted = holds.of_campaigns[row["campaign_id"]]
        with speaking(SOURCE):
            lines = [_counted(one, zone) for one in counted]
        return {
            "holds": lines,
            "letters_held": sum(one["letters"] for one in counted),
            "attention_url": f"{settings.public_url}/admin/campaigns/{campaign.slug}/attention",
        }
    return {}


def _line(one: RowMapping, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "recipient": office_label(one["recipient_title"], one["recipient_name"], one["district"]),
        "cause": own_cause_words(one["cause"]),
        "is_asked": one["cause"] == Cause.NEW_HOLDER,
        "last_day": say_day(one["ends_at"], zone),
    }


def _counted(one: RowMapping, zone: ZoneInfo) -> dict[str, Any]:
    words = CAUSE_WORDS[Cause(one["cause"])]
    return {
        "letters": one["letters"],
        "words": words.what,
        "mend": words.mend,
        "first_day": say_day(one["first_ends_at"], zone),
    }
