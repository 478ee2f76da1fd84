"""What supporters decide about our emails: unsubscribing by one click, by mail or on a page, and taking it back.

Links carry a key of ours and no name; whoever holds one may change what it is about, and sees no personal data.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import campaigns, consents, follow_ups, submissions
from shared.db.driver import Row
from shared.db.engine import at_once
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.consents import PREFERENCES_PAGE, STATUS_PAGE, consent_wording
from shared.domain.identities import read_unsubscribe_key
from shared.domain.letter_words import LETTER_GONE
from shared.domain.suppressions import SuppressionReason
from shared.errors import NotFound
from shared.rendering.speech import say, spoken
from shared.services.owner_links import BROKEN_LINK, submission_behind
from shared.settings import Settings


@dataclass(frozen=True)
class Subscription:
    """One campaign's emails to one address, behind an email's own link."""

    stored: StoredCampaign
    is_over: bool


@dataclass(frozen=True)
class Preferences:
    """What a supporter gets from us: the campaign's emails, and those of organizations.

    `is_stuck` when mail to the address came back or was called spam, so that the page can't switch it on.
    """

    stored: StoredCampaign
    gets_emails: bool
    is_stuck: bool
    organizations: dict[str, bool]


def read_subscription(engine: Engine, settings: Settings, key: str) -> Subscription:
    """Where an unsubscribe link stands; changes nothing. Raises NotFound."""
    with at_once(engine) as connection:
        row = _follow_up_of(connection, settings, key)
        reasons = consents.read_suppressions(connection, row["email_hash"], row["campaign_id"])
        return Subscription(campaigns.read_campaign(connection, row["campaign_id"]), bool(reasons))


def unsubscribe(engine: Engine, settings: Settings, key: str, *, source: str) -> None:
    """Nothing more of the campaign for whoever got this email; twice is the same as once. Raises NotFound."""
    with engine.begin() as connection:
        row = _follow_up_of(connection, settings, key)
        reason = SuppressionReason.UNSUBSCRIBED
        consents.suppress(connection, row["email_hash"], row["campaign_id"], reason, source=source)


def subscribe_again(engine: Engine, settings: Settings, key: str) -> None:
    """Takes it back. Raises NotFound."""
    with engine.begin() as connection:
        row = _follow_up_of(connection, settings, key)
        consents.lift_suppression(connection, row["email_hash"], row["campaign_id"])


def read_preferences(engine: Engine, settings: Settings, token: str, key: str) -> Preferences:
    """What the supporter gets now. Raises NotFound."""
    with at_once(engine) as connection:
        return _preferences(connection, submission_behind(connection, settings, token, key))


def save_preferences(
    engine: Engine, settings: Settings, token: str, key: str, *, gets_emails: bool, organizations: set[str]
) -> None:
    """Exactly these from now on. Raises NotFound."""
    with engine.begin() as connection:
        row = submission_behind(connection, settings, token, key)
        before = _preferences(connection, row)
        offered = set(before.organizations)
        if gets_emails:
            consents.lift_suppression(connection, row["email_hash"], row["campaign_id"])
        elif not before.is_stuck:
            # Where mail came back the box can't be ticked, which says nothing.
            reason = SuppressionReason.UNSUBSCRIBED
            consents.suppress(connection, row["email_hash"], row["campaign_id"], reason, source=PREFERENCES_PAGE)
        wordings = {name: say(consent_wording(name)) for name in sorted(offered & organizations)}
        consents.give_consents(connection, row["id"], wordings, language=spoken(), source=PREFERENCES_PAGE)
        consents.withdraw_consents(connection, row["email_hash"], offered - organizations)


def read_offers(engine: Engine, token: str, campaign: Campaign) -> dict[str, bool]:
    """The organizations that ask to write to whoever sent this, and whether they may."""
    if not campaign.consents:
        return {}
    with at_once(engine) as connection:
        given = consents.consents_behind(connection, token)
    return {name: name in given for name in campaign.consents}


def agree_to_emails(engine: Engine, token: str, organization: str) -> None:
    """Lets one of them write; twice is the same as once, and whoever does not ask gets nothing. Raises NotFound."""
    with engine.begin() as connection:
        row = _sent(connection, token)
        if organization in campaigns.campaign_of(connection, row).campaign.consents:
            wordings = {organization: say(consent_wording(organization))}
            consents.give_consents(connection, row["id"], wordings, language=spoken(), source=STATUS_PAGE)


def _sent(connection: Connection, token: str) -> Row:
    row = submissions.find_submission(connection, token)
    gone = ("erase_requested_at", "trimmed_at", "scrubbed_at")
    if row is None or row["accepted_at"] is None or any(row[name] is not None for name in gone):
        raise NotFound(LETTER_GONE)
    return row


def _preferences(connection: Connection, row: Row) -> Preferences:
    stored = campaigns.campaign_of(connection, row)
    reasons = consents.read_suppressions(connection, row["email_hash"], row["campaign_id"])
    given = consents.active_consents(connection, row["id"])
    return Preferences(
        stored,
        gets_emails=not reasons,
        is_stuck=any(reason is not SuppressionReason.UNSUBSCRIBED for reason in reasons),
        organizations={name: name in given for name in dict.fromkeys([*stored.campaign.consents, *sorted(given)])},
    )


def _follow_up_of(connection: Connection, settings: Settings, key: str) -> RowMapping:
    number = read_unsubscribe_key(settings.secret_key, key)
    row = follow_ups.find_follow_up(connection, number) if number else None
    if row is None:
        raise NotFound(BROKEN_LINK)
    return row
