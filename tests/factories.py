"""What tests need again and again: a campaign, a small legislature, a supporter. All invented."""

from sqlalchemy import Engine

from shared.domain.campaigns import StoredCampaign
from shared.domain.places import HomeAddress
from shared.domain.supporter_input import SupporterDetails
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.campaigns import import_campaign
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings

CAMPAIGN = """+++
slug = "co-ops"
title = "Keep our shops local"
host = "Neighbors United"
subject = "Please back {{district}}'s co-ops"
consents = ["Neighbors United"]
+++
<!-- page -->
Write to the State House.
<!-- letter -->
Dear {{recipient_title}} {{recipient_name}},

{{own_words}}

Please vote for the co-op bill.

Sincerely,
{{supporter_name}}
{{location}}
{{supporter_email}}
"""


def make_campaign(engine: Engine, text: str = CAMPAIGN) -> StoredCampaign:
    return import_campaign(engine, text, name="co-ops.md")


def make_ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


def write_letters(engine: Engine, ring: Ring, settings: Settings, email: str = "jamie@example.org") -> str:
    """A supporter presses Send, and the letters are made; the submission's token."""
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter(email))
    accept_submission(engine, ring, settings, token, own_words="")
    prepare_submissions(engine, ring, settings)
    return token


def make_supporter(
    email: str = "jamie@example.org", street: str = "12 Maple Street", first_name: str = "Jamie"
) -> SupporterDetails:
    return SupporterDetails(first_name, "Rivera", email, HomeAddress(street, "Worcester", "MA", "01603"))
