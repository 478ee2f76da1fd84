"""Reads and writes campaign rows; nothing else knows that part of a campaign is JSON."""

from datetime import datetime
from typing import Any

from sqlalchemy import TIMESTAMP, Connection, RowMapping, bindparam, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError

from shared.db import editions
from shared.db.driver import Row
from shared.db.tables import campaign
from shared.domain.campaigns import COLUMNS, Campaign, StoredCampaign, from_content, to_content
from shared.domain.editions import EditionKind, reads_the_same
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
_IN_ZONE = text("SELECT now() AT TIME ZONE :timezone")
_OPENS = (campaign.c.state == CampaignState.SCHEDULED.value) & (
    cast(campaign.c.content["opens"].astext, TIMESTAMP(timezone=True)) <= func.now()
)
_CLOSES = campaign.c.state.in_([CampaignState.LIVE.value, CampaignState.PAUSED.value]) & (
    campaign.c.deadline < func.now()
)
_TURNS = _OPENS | _CLOSES


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


def turning(connection: Connection) -> list[int]:
    """Numbers of campaigns that are scheduled or past their deadline."""
    scheduled = campaign.c.state == CampaignState.SCHEDULED.value
    return list(connection.scalars(select(campaign.c.id).where(scheduled | _CLOSES).order_by(campaign.c.id)))


def lock_turning(connection: Connection, campaign_id: int) -> StoredCampaign | None:
    """One of them, locked; None when its time has not come, or another process has it.

    Asked one by one: a date that can't be read stops this campaign only.
    """
    query = select(campaign).where(campaign.c.id == campaign_id, _TURNS)
    row = connection.execute(query.with_for_update(key_share=True, skip_locked=True)).mappings().one_or_none()
    return _stored(row) if row else None


def knows_zone(connection: Connection, timezone: str) -> bool:
    """True when PostgreSQL knows this time zone: Python knows more, and one unknown zone makes every claim fail."""
    try:
        with connection.begin_nested():
            connection.execute(_IN_ZONE, {"timezone": timezone})
    except DataError:
        return False
    return True


def save_campaign(
    connection: Connection, wanted: Campaign, logo: bytes | None, actor: str, *, publishes: bool = False
) -> StoredCampaign:
    """Inserts the campaign, or replaces what its organizer decides; its state stays.

    Keeps an edition of what supporters read from now on; of a draft's texts only if its letters changed, unless it
    `publishes` them.
    """
    before = _locked(connection, wanted.slug)
    was_draft = before is None or before.state is CampaignState.DRAFT
    is_test = was_draft and not publishes
    edition_id = before.edition_id if before and reads_the_same(before.campaign, wanted) else None
    number = _upsert(connection, wanted)
    is_changed = before is None or before.campaign != wanted
    if edition_id is None or publishes or (is_changed and not is_test):
        kind = EditionKind.TEST if is_test else EditionKind.PUBLISHED
        added = editions.add_edition(connection, number, kind, wanted, logo, actor)
        # A test's number does not go live.
        edition_id = added if edition_id is None or was_draft else edition_id
    named = update(campaign).where(campaign.c.id == number).values(edition_id=edition_id).returning(campaign)
    return _stored(connection.execute(named).mappings().one())


def write_state(connection: Connection, stored: StoredCampaign, new: CampaignState, *, actor: str) -> bool:
    """Changes the state from the one that was read; False if it is another one now.

    The first time a campaign goes live its date and its texts are kept.
    """
    values: dict[str, Any] = {
        "state": new.value,
        "state_changed_at": func.now(),
        "state_changed_by": actor,
        "updated_at": func.now(),
    }
    if stored.state is CampaignState.PAUSED:
        # A pause that a sweep has not seen counts too.
        values["blocked_at"] = func.now()
    if new is CampaignState.LIVE:
        values["published_at"] = func.coalesce(campaign.c.published_at, func.now())
    statement = update(campaign).where(campaign.c.id == stored.id, campaign.c.state == stored.state.value)
    is_changed = connection.execute(statement.values(values)).rowcount > 0
    if is_changed and new is CampaignState.LIVE:
        editions.mark_published(connection, stored.edition_id)
    return is_changed


def _locked(connection: Connection, slug: str) -> StoredCampaign | None:
    query = _BY_SLUG.with_for_update(key_share=True)
    row = connection.execute(query, {"wanted": slug}).mappings().one_or_none()
    return _read(row) if row else None


def _upsert(connection: Connection, wanted: Campaign) -> int:
    values: dict[str, Any] = {name: getattr(wanted, name) for name in COLUMNS}
    values["chambers"] = [str(chamber) for chamber in wanted.chambers]
    values["content"] = to_content(wanted)
    statement = insert(campaign).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=[campaign.c.slug], set_={**values, "updated_at": func.now()}
    )
    return int(connection.execute(statement.returning(campaign.c.id)).scalar_one())


def read_state(connection: Connection, campaign_id: int) -> tuple[CampaignState, str, datetime | None]:
    """The state, who changed it last, and when."""
    columns = (campaign.c.state, campaign.c.state_changed_by, campaign.c.state_changed_at)
    row = connection.execute(select(*columns).where(campaign.c.id == campaign_id)).one()
    return CampaignState(row.state), row.state_changed_by, row.state_changed_at


def note_blocked_campaigns(connection: Connection) -> None:
    """Notes the moment for each campaign whose letters wait for the end of a pause or for office hours."""
    connection.execute(_NOTE_BLOCKED)


def _stored(row: RowMapping) -> StoredCampaign:
    stored = _read(row)
    _READ[stored.id] = stored
    return stored


def _read(row: RowMapping) -> StoredCampaign:
    content = from_content(dict(row), row["content"])
    state = CampaignState(row["state"])
    return StoredCampaign(row["id"], state, content, row["published_at"], row["updated_at"], row["edition_id"])


def lock_slugs(connection: Connection) -> None:
    """One new address at a time, until the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('dearrep campaign slugs'))"))
