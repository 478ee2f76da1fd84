"""What an organizer edits, until it is published: saved by step, undone, restored. Nothing that was written is lost.

While a campaign is a draft itself, its test pages show every sound save at once; a campaign that supporters see, or
that opens by itself, changes only by `publish`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine

from shared.db import campaigns as rows
from shared.db import drafts
from shared.db import editions as edition_rows
from shared.db.engine import at_once
from shared.db.logos import StoredLogo, save_logo
from shared.domain.campaign_steps import Step, changed_steps, letters_mark, step_mark
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.draft_marks import require_marked
from shared.domain.editions import Edition, EditionKind
from shared.domain.logos import Logo
from shared.domain.publish_list import text_problems
from shared.domain.states import CampaignState
from shared.errors import NotAllowed, NotFound
from shared.services.campaigns import lock_campaign, move_campaign, require_campaign

_LOG = structlog.get_logger()
UNPUBLISHED = frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED})


@dataclass(frozen=True)
class Editing:
    """A campaign as its editor shows it. `saved_at` is None while nothing is changed."""

    stored: StoredCampaign
    campaign: Campaign
    changed: tuple[Step, ...] = ()
    saved_by: str = ""
    saved_at: datetime | None = None
    logo: bytes | None = None
    is_tested: bool = False

    @property
    def is_public(self) -> bool:
        """True when supporters see the published text, which a draft does not change."""
        return self.stored.state not in UNPUBLISHED


class SavedMeanwhile(NotAllowed):
    """Somebody else saved the same step since it was opened; `theirs` is what is saved now."""

    def __init__(self, theirs: Editing) -> None:
        super().__init__("Somebody else saved this step while you were writing.")
        self.theirs = theirs


@dataclass(frozen=True)
class NewLogo:
    """A picture that was uploaded."""

    logo: Logo
    png: bytes


def read_editing(engine: Engine, slug: str) -> Editing:
    """The draft, or the campaign as it is when nothing is changed; raises NotFound."""
    with at_once(engine) as connection:
        return _editing(connection, require_campaign(connection, slug))


def save_step(
    engine: Engine,
    slug: str,
    step: Step,
    mark: str,
    change: Callable[[Campaign], Campaign],
    *,
    actor: str,
    logo: NewLogo | None = None,
) -> Editing:
    """Changes one step of the draft. `mark` is that of the step as the organizer saw it.

    Raises NotFound, and SavedMeanwhile when the step is another now; saving the same twice is no conflict.
    """
    with engine.begin() as connection:
        stored = lock_campaign(connection, slug)
        before = _editing(connection, stored)
        changed = change(before.campaign)
        if logo is not None:
            changed = replace(changed, logo=logo.logo)
        is_same = step_mark(changed, step) == step_mark(before.campaign, step)
        if step_mark(before.campaign, step) != mark and not is_same:
            raise SavedMeanwhile(before)
        if not is_same:
            _write(connection, stored, changed, logo.png if logo else before.logo, actor)
        return _editing(connection, _again(connection, stored))


def publish(
    engine: Engine, slug: str, *, actor: str, mark: str | None = None, state: CampaignState | None = None
) -> None:
    """Supporters read the draft from now on; the text before is kept. Letters that were accepted keep theirs.

    `mark` names the draft that was looked at: NotAllowed when it is another now. With a `state` the campaign moves
    there in the same transaction.
    """
    with engine.begin() as connection:
        stored = lock_campaign(connection, slug)
        editing = _editing(connection, stored)
        if mark is not None:
            require_marked(mark, editing.campaign)
        if text_problems(editing.campaign):
            raise NotAllowed("Nothing was published: a letter has an unknown field or no text. See the list below.")
        _apply(connection, stored, editing.campaign, editing.logo, actor, publishes=True)
        drafts.delete_draft(connection, stored.id)
        if state is not None:
            move_campaign(connection, _again(connection, stored), state, actor=actor)
    _LOG.info("campaign.published", campaign_id=stored.id, actor=actor)


def note_tested(engine: Engine, slug: str, tested: Campaign, *, actor: str) -> None:
    """An organizer has got these letters as emails; it counts for as long as the draft has the same ones."""
    with engine.begin() as connection:
        stored = lock_campaign(connection, slug)
        if drafts.find_draft(connection, stored.id) is None:
            logo = drafts.published_logo(connection, stored.id)
            drafts.write_draft(connection, stored.id, stored.campaign, logo, actor)
        drafts.note_tested(connection, stored.id, letters_mark(tested))


def discard(engine: Engine, slug: str, *, actor: str) -> None:
    """Back to what is published; the draft is kept among the earlier texts."""
    with engine.begin() as connection:
        stored = lock_campaign(connection, slug)
        editing = _editing(connection, stored)
        if not editing.changed:
            raise NotAllowed("Nothing is changed, so there is nothing to undo.")
        _put_aside(connection, editing, actor)
        drafts.delete_draft(connection, stored.id)
    _LOG.info("campaign.draft_discarded", campaign_id=stored.id, actor=actor)


def restore(engine: Engine, slug: str, number: int, *, actor: str) -> None:
    """An earlier text becomes the draft; one that was there is kept. Raises NotFound."""
    with engine.begin() as connection:
        stored = lock_campaign(connection, slug)
        editing = _editing(connection, stored)
        edition = edition_rows.find_edition(connection, stored.id, number)
        if edition is None:
            raise NotFound("There is no such earlier text of this campaign.")
        if editing.changed:
            _put_aside(connection, editing, actor)
        _write(connection, stored, replace(edition.campaign, slug=stored.campaign.slug), edition.logo, actor)
    _LOG.info("campaign.text_restored", campaign_id=stored.id, edition_id=number, actor=actor)


def editions(engine: Engine, slug: str) -> list[Edition]:
    """The campaign's earlier texts, newest first."""
    with engine.connect() as connection:
        return edition_rows.list_editions(connection, require_campaign(connection, slug).id)


def _again(connection: Connection, stored: StoredCampaign) -> StoredCampaign:
    return rows.read_campaign(connection, stored.id)


def _editing(connection: Connection, stored: StoredCampaign) -> Editing:
    draft = drafts.find_draft(connection, stored.id)
    if draft is None:
        return Editing(stored, stored.campaign, logo=drafts.published_logo(connection, stored.id))
    return Editing(
        stored,
        draft.campaign,
        tuple(changed_steps(stored.campaign, draft.campaign)),
        draft.saved_by,
        draft.saved_at,
        draft.logo,
        draft.tested == letters_mark(draft.campaign),
    )


def _write(connection: Connection, stored: StoredCampaign, changed: Campaign, logo: bytes | None, actor: str) -> None:
    drafts.write_draft(connection, stored.id, changed, logo, actor)
    if stored.state is CampaignState.DRAFT and not text_problems(changed):
        _apply(connection, stored, changed, logo, actor)


def _put_aside(connection: Connection, editing: Editing, actor: str) -> None:
    kept, logo = editing.campaign, editing.logo
    edition_rows.add_edition(connection, editing.stored.id, EditionKind.DISCARDED, kept, logo, actor)


def _apply(
    connection: Connection,
    stored: StoredCampaign,
    changed: Campaign,
    logo: bytes | None,
    actor: str,
    *,
    publishes: bool = False,
) -> None:
    rows.save_campaign(connection, changed, logo, actor, publishes=publishes)
    picture = StoredLogo(changed.logo.version, logo) if changed.logo and logo else None
    save_logo(connection, stored.id, picture)
