"""Send: the moment that turns a draft into a promise. Whatever is checked here is checked once."""

from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from shared.clock import now
from shared.db import acceptance, campaigns
from shared.db.acceptance import Acceptance
from shared.db.engine import at_once
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.consents import LETTER_PAGE, consent_wording
from shared.domain.follow_ups import Trigger
from shared.domain.letter_words import LETTER_GONE
from shared.domain.phrases import phrase
from shared.domain.states import LOOKUP_WAITING, SubmissionState
from shared.domain.supporter_input import check_edited_links, checked_words
from shared.domain.transport import Route, choose_route
from shared.errors import InputError, NotAllowed, NotFound
from shared.failpoints import failpoint
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.speech import say, speaking
from shared.services.campaigns import require_open
from shared.services.lookup import has_real_directory
from shared.services.outbox import configured_relay
from shared.settings import Settings

# A lookup that ends, or a campaign that changes, between reading and writing: each does so once.
_TRIES = 5


def accept_submission(
    engine: Engine,
    ring: Ring,
    settings: Settings,
    token: str,
    *,
    own_words: str | None,
    edited_subject: str | None = None,
    edited_body: str | None = None,
    keep_edit: bool = False,
    chosen: set[int] | None = None,
    consents: tuple[str, ...] = (),
    language: str = "",
) -> None:
    """Send was pressed: one transaction fixes text, choices, route and the moment. A second press changes nothing.

    `own_words` None keeps what was saved before, `keep_edit` does so for the edited letter; `chosen` None means all of
    the supporter's own offices; `language` is the page's, empty for the campaign's. Raises InputError, NotAllowed,
    NotFound.
    """
    words = checked_words(own_words or "", edited_subject, edited_body)
    if own_words is None:
        words["own_words"] = None
    with at_once(engine) as connection:
        for _ in range(_TRIES):
            draft = acceptance.read_draft(connection, token)
            if draft is None:
                raise NotFound(LETTER_GONE)
            if draft["accepted_at"] is not None:
                return
            given = _given(
                connection,
                settings,
                draft,
                words,
                keep_edit=keep_edit,
                chosen=chosen,
                consents=consents,
                language=language,
            )
            failpoint("accept.before_commit")
            if acceptance.accept(connection, draft, given):
                break
        else:
            raise NotAllowed(phrase("Something about this letter changed while you pressed Send. Press it once more."))
    failpoint("accept.after_commit")
    ring.ring(TaskName.MAKE_LETTERS)
    ring.ring(TaskName.SEND_MAIL)


def _given(
    connection: Connection,
    settings: Settings,
    draft: RowMapping,
    words: dict[str, Any],
    *,
    keep_edit: bool,
    chosen: set[int] | None,
    consents: tuple[str, ...],
    language: str,
) -> Acceptance:
    """What Send means for the draft as it is now."""
    stored = campaigns.campaign_of(connection, draft)
    campaign = require_open(stored)
    check_edited_links(words, campaign.letter_texts)
    offices = set(draft["offices"])
    if offices and chosen is not None and not chosen & offices:
        raise InputError({"chosen": phrase("Choose at least one legislator to write to.")})
    # Nearly everybody leaves all boxes ticked, which changes no row.
    if not offices or chosen is None or chosen & offices == set(draft["chosen"]):
        chosen = None
    route = _route(connection, settings, stored, draft)
    follow_ups = campaign.planned(Trigger.ACCEPTED, now())
    if draft["state"] == SubmissionState.NEEDS_ADDRESS.value:
        follow_ups += campaign.planned(Trigger.DOUBTFUL, now())
    return Acceptance(
        route=route,
        language=language or campaign.language,
        undo_minutes=0 if route.is_test else campaign.undo_minutes,
        own_words=words["own_words"],
        keep_edit=keep_edit,
        edited_subject=words["edited_subject"],
        edited_body=words["edited_body"],
        chosen=None if chosen is None else sorted(chosen),
        consents=_wordings(campaign, consents, language),
        consent_source=LETTER_PAGE,
        follow_ups=follow_ups,
    )


def _wordings(campaign: Campaign, consents: tuple[str, ...], language: str) -> dict[str, str]:
    """What was agreed to, word for word as the page said it."""
    with speaking(language or campaign.language):
        return {name: say(consent_wording(name)) for name in campaign.consents if name in consents}


def _route(connection: Connection, settings: Settings, stored: StoredCampaign, draft: RowMapping) -> Route:
    """Offices that were found say themselves whether they are real; while a lookup goes on the directory does too."""
    practice = draft["is_practice"]
    if not draft["offices"] or SubmissionState(draft["state"]) in LOOKUP_WAITING:
        practice = practice or not has_real_directory(connection, stored.campaign.jurisdiction)
    return choose_route(stored.state, configured_relay(settings), is_practice=practice)
