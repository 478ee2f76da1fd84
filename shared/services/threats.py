"""Finds the phrase in a supporter's letter that holds it until an organizer has read it."""

from shared.db.driver import Row
from shared.domain.campaigns import Campaign
from shared.domain.threats import find_threat

_WORDS = ("own_words", "edited_subject", "edited_body")


def threat_in(campaign: Campaign, submission: Row) -> str:
    """The first phrase of the campaign's list in what the supporter typed; empty when there is none."""
    name = f"{submission['first_name']} {submission['last_name']}"
    typed = (name, *(submission[field] or "" for field in _WORDS))
    return find_threat("\n".join(typed), campaign.phrases_that_hold)
