"""Reads and writes campaign rows; nothing else knows that part of a campaign is JSON."""

from typing import Any

from sqlalchemy import TIMESTAMP, Connection, RowMapping, bindparam, case, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.driver import Row
from shared.db.tables import campaign
from shared.domain.campaigns import COLUMNS, Campaign, StoredCampaign, from_content, to_content
from shared.domain.states import CampaignState

# Which campaigns' letters may leave now, as a condition on `campaign`: not paused, and within their office hours, in
# their own time zone on weekdays (`shared.domain.office_hours` says the same to people). Letters for the local mailbox
# never wait for an office.
SENDABLE = (
    "campaign.state <> 'paused' AND (coalesce(campaign.content ->> 'office_hours', '') = ''"
    " OR {transport} = 'mailbox' OR (extract(isodow FROM now() AT TIME ZONE (campaign.content ->> 'timezone')) < 6"
    " AND (now() AT TIME ZONE (campaign.content ->> 'timezone'))::time"
    " >= split_part(nullif(campaign.content ->> 'office_hours', ''), '-', 1)::time"
    " AND (now() AT TIME ZONE (campaign.content ->> 'timezone'))::time"
    " < split_part(nullif(campaign.content ->> 'office_hours', ''), '-', 2)::time))"
)
# Letters wait for a campaign that is paused or outside its office hours.
_NOTE_BLOCKED = text(f"""
    UPDATE campaign SET blocked_at = now() WHERE id IN (
        SELECT campaign.id FROM campaign
        WHERE coalesce(campaign.blocked_at < now() - interval '1 minute', true)
        AND NOT ({SENDABLE.format(transport="''")})
        AND EXISTS (
            SELECT 1 FROM letter
            WHERE letter.campaign_id = campaign.id AND letter.state IN ('queued', 'deferred')
            AND (campaign.state = 'paused' OR letter.transport <> 'mailbox')
        )
        FOR NO KEY UPDATE OF campaign SKIP LOCKED
    )
""")  # noqa: S608 - constants only

# Campaigns as this process read them last, by id.
_READ: dict[int, StoredCampaign] = {}
_BY_ID = select(campaign).where(campaign.c.id == bindparam("wanted"))
_BY_SLUG = select(campaign).where(campaign.c.slug == bindparam("wanted"))


def find_campaign(connection: Connection, slug: str) -> StoredCampaign | None:
    """The campaign at `/c/<slug>`, None when there is none."""
    row = connection.execute(_BY_SLUG, {"wanted": slug}).mappings().one_or_none()
    return _stored(row) if row else None


def remembered(slug: str) -> StoredCampaign | None:
    """The campaign as this process read it last. Whoever acts on it makes sure that its `updated_at` still holds."""
    return next((one for one in list(_READ.values()) if one.campaign.slug == slug), None)


def read_campaign(connection: Connection, campaign_id: int) -> StoredCampaign:
    """The campaign with this id; it must exist."""
    return _stored(connection.execute(_BY_ID, {"wanted": campaign_id}).mappings().one())


def campaign_of(connection: Connection, submission: Row) -> StoredCampaign:
    """The campaign of a submission's row as `find_submission` gives it; read once for each of its versions."""
    known = _READ.get(submission["campaign_id"])
    if known is not None and known.updated_at == submission["campaign_updated_at"]:
        return known
    return read_campaign(connection, submission["campaign_id"])


def lock_campaign(connection: Connection, campaign_id: int) -> None:
    """One organizer's change at a time, from reading to writing it; whoever writes a letter does not wait."""
    connection.execute(select(campaign.c.id).where(campaign.c.id == campaign_id).with_for_update(key_share=True))


def list_campaigns(connection: Connection) -> list[StoredCampaign]:
    """All campaigns, newest first."""
    rows = connection.execute(select(campaign).order_by(campaign.c.id.desc())).mappings()
    return [_stored(row) for row in rows]


def lock_turning(connection: Connection) -> list[StoredCampaign]:
    """Campaigns whose date to open or to close has come while nobody did it."""
    opens = (campaign.c.state == CampaignState.SCHEDULED.value) & (
        cast(campaign.c.content["opens"].astext, TIMESTAMP(timezone=True)) <= func.now()
    )
    closes = campaign.c.state.in_([CampaignState.LIVE.value, CampaignState.PAUSED.value]) & (
        campaign.c.deadline < func.now()
    )
    query = select(campaign).where(opens | closes).with_for_update(key_share=True, skip_locked=True)
    return [_stored(row) for row in connection.execute(query).mappings()]


def save_campaign(connection: Connection, stored: Campaign) -> StoredCampaign:
    """Inserts the campaign, or replaces what its organizer decides; its state stays."""
    values: dict[str, Any] = {name: getattr(stored, name) for name in COLUMNS}
    values["chambers"] = [str(chamber) for chamber in stored.chambers]
    values["content"] = to_content(stored)
    statement = insert(campaign).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=[campaign.c.slug], set_={**values, "updated_at": func.now()}
    )
    return _stored(connection.execute(statement.returning(campaign)).mappings().one())


def write_state(connection: Connection, campaign_id: int, state: CampaignState) -> None:
    """Sets the state; the first time a campaign goes live its date is kept."""
    values: dict[str, Any] = {"state": state.value, "updated_at": func.now()}
    # A pause that a sweep has not seen counts too.
    is_paused = campaign.c.state == CampaignState.PAUSED.value
    values["blocked_at"] = case((is_paused, func.now()), else_=campaign.c.blocked_at)
    if state is CampaignState.LIVE:
        values["published_at"] = func.coalesce(campaign.c.published_at, func.now())
    connection.execute(update(campaign).where(campaign.c.id == campaign_id).values(values))


def note_blocked_campaigns(connection: Connection) -> None:
    """Notes the moment for each campaign whose letters wait for the end of a pause or for office hours."""
    connection.execute(_NOTE_BLOCKED)


def _stored(row: RowMapping) -> StoredCampaign:
    content = from_content(dict(row), row["content"])
    stored = StoredCampaign(row["id"], CampaignState(row["state"]), content, row["published_at"], row["updated_at"])
    _READ[stored.id] = stored
    return stored


def lock_slugs(connection: Connection) -> None:
    """One new address at a time, until the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('dearrep campaign slugs'))"))
