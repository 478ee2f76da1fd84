"""Send: the moment that turns a draft into a promise. Whatever is checked here is checked once."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from shared.clock import now
from shared.db import acceptance, campaigns
from shared.db.acceptance import Press, Terms
from shared.db.engine import at_once
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.consents import LETTER_PAGE, consent_wording
from shared.domain.follow_ups import Trigger
from shared.domain.letter_words import LETTER_GONE
from shared.domain.phrases import phrase
from shared.domain.states import LOOKUP_WAITING, SubmissionState
from shared.domain.supporter_input import check_edited_links, checked_words
from shared.domain.transport import Transport, choose_route
from shared.domain.us_states import state_of
from shared.errors import InputError, NotAllowed, NotFound
from shared.failpoints import failpoint
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.speech import say, speaking
from shared.services.campaigns import OPEN_STATES, require_open
from shared.services.crowds import Crowd
from shared.services.lookup import has_real_directory
from shared.services.outbox import configured_relay
from shared.services.read_letters import read_by
from shared.settings import Settings

# A lookup that ends, or a campaign that changes, between reading and writing: each does so once.
_TRIES = 5


class _Wish(NamedTuple):
    """A press, the organizations that it agreed to hear from, and the campaign as this process knows it."""

    press: Press
    consents: tuple[str, ...]
    stored: StoredCampaign
    relay: Transport | None


# For each database that this process uses, who presses Send in the same moment, by campaign.
_CROWDS: "WeakKeyDictionary[Engine, dict[int, Crowd[_Wish, bool]]]" = WeakKeyDictionary()


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
    chosen: AbstractSet[int] | None = None,
    consents: tuple[str, ...] = (),
    language: str = "",
    slug: str = "",
    edition: int | None = None,
) -> None:
    """Send was pressed: one transaction fixes text, choices, route and the moment. A second press changes nothing.

    `own_words` None keeps what was saved before, `keep_edit` does so for the edited letter; `chosen` None means all of
    the supporter's own offices; `language` is the page's, empty for the campaign's; `slug` names the campaign where the
    page does, which is quicker; `edition` names the texts that the page showed, None for those when the draft began.
    Raises LetterChanged when that letter is another now, InputError, NotAllowed, NotFound.
    """
    words = checked_words(own_words or "", edited_subject, edited_body)
    if own_words is None:
        words["own_words"] = None
    ticked = None if chosen is None else sorted(chosen)
    press = Press(
        token=token, edition=edition, **words, keep_edit=keep_edit, chosen=ticked, language=language, consents={}
    )
    relay = configured_relay(settings)
    if _accept_as_usual(engine, relay, press, consents, slug) or _accept_alone(engine, relay, press, consents):
        failpoint("accept.after_commit")
        ring.ring(TaskName.MAKE_LETTERS)
        ring.ring(TaskName.SEND_MAIL)


def _accept_as_usual(
    engine: Engine, relay: Transport | None, press: Press, consents: tuple[str, ...], slug: str
) -> bool:
    """Together with everybody else of this moment. False when nothing was done: there is something to look at."""
    stored = campaigns.remembered(slug) if slug else None
    # No box ticked where boxes were shown is an error, which the other way tells.
    if stored is None or stored.state not in OPEN_STATES or (press.chosen is not None and not press.chosen):
        return False
    # What was published meanwhile is for the other way too.
    if press.edition not in (None, stored.edition_id):
        return False
    _check_links(press, stored.campaign)
    crowds = _CROWDS.setdefault(engine, {})
    crowd = crowds.setdefault(stored.id, Crowd(lambda wishes: _accept_crowd(engine, wishes)))
    try:
        return crowd.ask(_Wish(press, consents, stored, relay))
    except (DBAPIError, ValueError):
        # It may be somebody else's press that the database does not take. Alone, each has its own answer.
        return False


def _accept_crowd(engine: Engine, wishes: Sequence[_Wish]) -> list[bool]:
    """Whoever knows the campaign as the last of them does; the others are not accepted."""
    newest = wishes[-1]
    version = (newest.stored.updated_at, newest.relay)
    presses = [_spoken(one.stored, one.press, one.consents) for one in wishes if _version(one) == version]
    edition = newest.stored.edition_id
    terms = _terms(newest.stored, newest.relay, SubmissionState.READY, edition, is_practice=False)
    for_practice = choose_route(newest.stored.state, newest.relay, is_practice=True)
    failpoint("accept.before_commit")
    with at_once(engine) as connection:
        accepted = acceptance.accept_as_usual(connection, terms, presses, must_be_real=terms.route != for_practice)
    return [one.press.token in accepted and _version(one) == version for one in wishes]


def _version(wish: _Wish) -> tuple[datetime | None, Transport | None]:
    return wish.stored.updated_at, wish.relay


def _accept_alone(engine: Engine, relay: Transport | None, press: Press, consents: tuple[str, ...]) -> bool:
    """Looks first, then writes what fits; False when the draft was accepted before."""
    with at_once(engine) as connection:
        for _ in range(_TRIES):
            draft = acceptance.read_draft(connection, press.token)
            if draft is None:
                raise NotFound(LETTER_GONE)
            if draft["accepted_at"] is not None:
                return False
            stored = campaigns.campaign_of(connection, draft)
            require_open(stored)
            edition, read = read_by(connection, stored, draft, press)
            _check_links(press, stored.campaign, read)
            fitting = replace(_spoken(stored, press, consents), chosen=_chosen(draft, press.chosen))
            practice = _is_practice(connection, stored, draft)
            terms = _terms(stored, relay, SubmissionState(draft["state"]), edition, is_practice=practice)
            failpoint("accept.before_commit")
            if acceptance.accept_as_read(connection, draft, terms, fitting):
                return True
    raise NotAllowed(phrase("Something about this letter changed while you pressed Send. Press it once more."))


def _check_links(press: Press, *written: Campaign) -> None:
    known = [text for campaign in written for text in campaign.letter_texts]
    check_edited_links(press.edited_subject, press.edited_body, known)


def _terms(
    stored: StoredCampaign,
    relay: Transport | None,
    state: SubmissionState,
    edition: int | None,
    *,
    is_practice: bool,
) -> Terms:
    """What Send means in this campaign for a draft in this state."""
    campaign = stored.campaign
    route = choose_route(stored.state, relay, is_practice=is_practice)
    follow_ups = campaign.planned(Trigger.ACCEPTED, now())
    if state is SubmissionState.NEEDS_ADDRESS:
        follow_ups += campaign.planned(Trigger.DOUBTFUL, now())
    return Terms(
        campaign_id=stored.id,
        edition=edition,
        jurisdiction=state_of(campaign.jurisdiction).code.lower(),
        updated_at=stored.updated_at,
        route=route,
        undo_minutes=0 if route.is_test else campaign.undo_minutes,
        consent_source=LETTER_PAGE,
        follow_ups=follow_ups,
    )


def _spoken(stored: StoredCampaign, press: Press, consents: tuple[str, ...]) -> Press:
    """In the page's language, or the campaign's; what was agreed to stands there word for word as the page said it."""
    language = press.language or stored.campaign.language
    if not consents:
        return replace(press, language=language)
    with speaking(language):
        wordings = {name: say(consent_wording(name)) for name in stored.campaign.consents if name in consents}
    return replace(press, language=language, consents=wordings)


def _chosen(draft: Mapping[str, Any], ticked: Sequence[int] | None) -> Sequence[int] | None:
    """None when all boxes stay as they are, which changes no row; raises InputError when none is ticked."""
    offices = set(draft["offices"])
    if not offices or ticked is None:
        return None
    if not offices.intersection(ticked):
        raise InputError({"chosen": phrase("Choose at least one legislator to write to.")})
    return None if offices.intersection(ticked) == set(draft["chosen"]) else ticked


def _is_practice(connection: Connection, stored: StoredCampaign, draft: Mapping[str, Any]) -> bool:
    """Offices that were found say themselves whether they are real; while a lookup goes on the directory does too."""
    practice = bool(draft["is_practice"])
    if not draft["offices"] or SubmissionState(draft["state"]) in LOOKUP_WAITING:
        practice = practice or not has_real_directory(connection, stored.campaign.jurisdiction)
    return practice
