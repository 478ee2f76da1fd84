"""Imports a campaign's file over a campaign that is there: what would change is known before, and can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from shared.db import campaigns as rows
from shared.db import drafts, editions
from shared.db.engine import at_once
from shared.domain.campaign_changes import changes, diff
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.editions import EditionKind
from shared.errors import NotAllowed
from shared.services.campaigns import lock_campaign, read_campaign_file


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do. `before` is None for a new campaign.

    `changes` and `diff` are empty when nothing would change; `is_edited` when the editor has unpublished changes.
    """

    campaign: Campaign
    before: StoredCampaign | None
    changes: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    is_edited: bool = False


def plan_import(
    engine: Engine, file_text: str, *, name: str, overrides: Mapping[str, str] | None = None, folder: Path | None = None
) -> ImportPlan:
    """Compares the file with the campaign of its slug; raises CampaignFileError with every problem of the file."""
    campaign, _ = read_campaign_file(file_text, name=name, overrides=overrides, folder=folder)
    with at_once(engine) as connection:
        before = rows.find_campaign(connection, campaign.slug)
        if before is None:
            return ImportPlan(campaign, None)
        draft = drafts.find_draft(connection, before.id)
    is_edited = draft is not None and draft.campaign != before.campaign
    old = before.campaign
    return ImportPlan(campaign, before, tuple(changes(old, campaign)), tuple(diff(old, campaign)), is_edited)


def put_text_aside(engine: Engine, before: StoredCampaign, *, actor: str) -> None:
    """Keeps the text that an import is about to replace, so that it can be brought back in the editor.

    Raises NotAllowed when it is another text by now than the one that was compared.
    """
    with engine.begin() as connection:
        stored = lock_campaign(connection, before.campaign.slug)
        if stored.updated_at != before.updated_at:
            raise NotAllowed("The campaign was changed meanwhile. Nothing was replaced: compare again.")
        if not _is_kept(connection, stored):
            logo = drafts.published_logo(connection, stored.id)
            editions.add_edition(connection, stored.id, EditionKind.DISCARDED, stored.campaign, logo, actor)


def _is_kept(connection: Connection, stored: StoredCampaign) -> bool:
    return any(edition.campaign == stored.campaign for edition in editions.list_editions(connection, stored.id))
