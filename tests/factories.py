"""What tests need again and again: a campaign, a small legislature, a supporter. All invented."""

from pathlib import Path

from sqlalchemy import Engine, text

from shared.db import campaigns, pace
from shared.db.tables import METADATA
from shared.domain.campaigns import StoredCampaign
from shared.domain.places import HomeAddress
from shared.domain.states import CampaignState
from shared.domain.supporter_input import SupporterDetails
from shared.domain.transport import Transport
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.campaigns import import_campaign, read_campaign
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


def make_campaign(engine: Engine, content: str = CAMPAIGN, folder: Path | None = None) -> StoredCampaign:
    """A live campaign, which everybody can open. Its letters are tests while offices are practice data."""
    stored = make_draft(engine, content, folder)
    if stored.state is CampaignState.DRAFT:
        with engine.begin() as connection:
            campaigns.write_state(connection, stored, CampaignState.LIVE, actor="test")
    return read_campaign(engine, stored.campaign.slug)


def make_draft(engine: Engine, content: str = CAMPAIGN, folder: Path | None = None) -> StoredCampaign:
    """The same before it is published; one that is there already keeps its state."""
    return import_campaign(engine, content, name="co-ops.md", folder=folder)


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


_COPY_OFFICES = """
WITH pattern AS (SELECT * FROM office ORDER BY id LIMIT 1),
copied AS (
    INSERT INTO office ({office}, seat)
    SELECT {office}, seat + n FROM pattern, generate_series(1, :mailboxes) n
    RETURNING id
)
INSERT INTO office_holder ({office_holder}, office_id, email)
SELECT {pattern_of_holder}, copied.id, 'office' || row_number() OVER (ORDER BY copied.id) || '@' || :domain
FROM office_holder, copied
WHERE office_holder.office_id = (SELECT id FROM pattern) AND valid_to IS NULL
"""
_COPY_LETTERS = """
WITH pattern AS (SELECT * FROM letter ORDER BY id LIMIT 1),
made AS (
    INSERT INTO submission ({submission}, token, email, email_hash, expected_letters)
    SELECT {submission}, md5('copy' || n), 'copy' || n || '@example.org', md5('copy@' || n), 1
    FROM submission, generate_series(1, :count) n
    WHERE submission.id = (SELECT submission_id FROM pattern)
    RETURNING id, email_hash
),
addressed AS (
    SELECT made.*, office_holder.office_id, office_holder.id AS office_holder_id, office_holder.email
    FROM made
    JOIN office_holder ON office_holder.email = 'office' || 1 + made.id % :mailboxes || '@' || :domain
),
copied AS (
    INSERT INTO letter ({letter}, submission_id, office_id, office_holder_id, email_hash, message_id, recipient_email,
        receiving_domain, transport)
    SELECT {letter}, addressed.id, addressed.office_id, addressed.office_holder_id, addressed.email_hash,
        '<' || addressed.email_hash || '@letters.example>', addressed.email, :domain, :transport
    FROM pattern, addressed
    ORDER BY addressed.id
    RETURNING id, state
)
INSERT INTO letter_event (letter_id, to_state) SELECT id, state FROM copied
"""
_OWN = {
    "office": {"id", "seat"},
    "office_holder": {"id", "office_id", "email"},
    "submission": {"id", "token", "email", "email_hash", "expected_letters"},
    "letter": {
        "id",
        "submission_id",
        "office_id",
        "office_holder_id",
        "email_hash",
        "message_id",
        "recipient_email",
        "receiving_domain",
        "transport",
    },
}


def copy_letters(
    engine: Engine,
    count: int,
    *,
    mailboxes: int,
    domain: str = "practice.example",
    transport: Transport = Transport.RELAY,
) -> None:
    """Further letters like the first one, each of a supporter of its own, to so many further offices in turn."""
    copied = {
        table: [column.name for column in METADATA.tables[table].columns if column.name not in own]
        for table, own in _OWN.items()
    }
    columns = {table: ", ".join(names) for table, names in copied.items()}
    columns["pattern_of_holder"] = ", ".join(f"office_holder.{name}" for name in copied["office_holder"])
    values = {"count": count, "mailboxes": mailboxes, "domain": domain, "transport": transport.value}
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (_COPY_OFFICES, _COPY_LETTERS):
            connection.execute(text(statement.format(**columns)), values)
        pace.add_domains(connection)
