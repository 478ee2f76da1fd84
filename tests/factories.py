"""What tests need again and again: a campaign, a small legislature, a supporter. All invented."""

from sqlalchemy import Engine

from shared.domain.campaigns import StoredCampaign
from shared.domain.places import HomeAddress
from shared.domain.supporter_input import SupporterDetails
from shared.services.campaigns import import_campaign

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


def make_supporter(
    email: str = "jamie@example.org", street: str = "12 Maple Street", first_name: str = "Jamie"
) -> SupporterDetails:
    return SupporterDetails(first_name, "Rivera", email, HomeAddress(street, "Worcester", "MA", "01603"))
