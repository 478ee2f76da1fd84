"""What a supporter does before and after Send: address, words, answers, undo. Each is one transaction, then a ring."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func

from shared.clock import now
from shared.db import campaigns, follow_ups, letters, submissions, targets
from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.causes import Cause
from shared.domain.identities import email_hash, new_token
from shared.domain.letter_words import LETTER_GONE
from shared.domain.phrases import phrase
from shared.domain.places import Chamber, HomeAddress
from shared.domain.sources import clean_source
from shared.domain.states import CANCELLABLE, LetterState, SubmissionState
from shared.domain.supporter_input import (
    SupporterDetails,
    check_edited_links,
    checked_address,
    checked_details,
    checked_words,
)
from shared.errors import InputError, NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.campaigns import (
    NO_CAMPAIGN,
    OPEN_STATES,
    PUBLISHED_STATES,
    is_published,
    require_campaign,
    require_open,
)
from shared.services.editions import written_texts
from shared.settings import Settings

# Each is a lookup, which a geocoder may charge for.
MOST_CORRECTIONS = 20


def begin_submission(
    engine: Engine,
    ring: Ring,
    settings: Settings,
    slug: str,
    details: SupporterDetails,
    *,
    source: str = "",
    sees_drafts: bool = True,
) -> str:
    """Stores a draft whose lookup begins at once; returns its token. An address without a state is the campaign's.

    Without `sees_drafts` a campaign that is not published is not found. Raises NotFound, NotAllowed, InputError.
    """
    values = _draft_values(settings, details, source)
    known = campaigns.remembered(slug)
    states = OPEN_STATES if sees_drafts else OPEN_STATES & PUBLISHED_STATES
    with at_once(engine) as connection:
        if known is None or known.state not in states or not _begin(connection, known, values):
            stored = require_campaign(connection, slug)
            if not sees_drafts and not is_published(stored):
                raise NotFound(NO_CAMPAIGN)
            require_open(stored)
            if not _begin(connection, stored, values):
                raise NotAllowed(phrase("This campaign changed while you pressed the button. Press it once more."))
    ring.ring(TaskName.PREPARE_SUBMISSIONS)
    return str(values["token"])


def insert_draft(
    connection: Connection, settings: Settings, stored: StoredCampaign, details: SupporterDetails, *, source: str
) -> str:
    """Stores a draft within a transaction, and rings no bell; returns its token. Raises InputError, NotAllowed."""
    values = _draft_values(settings, details, source)
    if not _begin(connection, stored, values):
        raise NotAllowed(phrase("This campaign changed while you pressed the button. Press it once more."))
    return str(values["token"])


def save_draft(
    engine: Engine,
    token: str,
    *,
    own_words: str,
    edited_subject: str | None,
    edited_body: str | None,
    chosen: AbstractSet[int] | None = None,
    ticked_consents: tuple[str, ...] = (),
    edition: int | None = None,
) -> None:
    """Keeps what the supporter typed and ticked without sending; raises InputError, NotAllowed once it was sent.

    `edition` names the texts that the page showed: their links may stay in an edited letter.
    """
    values = checked_words(own_words, edited_subject, edited_body) | {"ticked_consents": list(ticked_consents)}
    with engine.begin() as connection:
        row = _require(connection, token)
        if row["accepted_at"] is not None:
            raise NotAllowed(phrase("This letter was already sent. It can't be changed any more."))
        written = written_texts(connection, campaigns.campaign_of(connection, row), edition)
        check_edited_links(values["edited_subject"], values["edited_body"], written)
        submissions.update_submission(connection, row["id"], values)
        if chosen is not None:
            targets.choose_targets(connection, row["id"], chosen)


def correct_address(
    engine: Engine, ring: Ring, token: str, address: HomeAddress, *, by_organizer: bool = False
) -> None:
    """Looks again with another address; raises NotAllowed once letters exist, InputError for an incomplete one.

    The supporter may correct the address 20 times, an organizer as often as it takes.
    """
    values = checked_address(address)
    with engine.begin() as connection:
        row = _require(connection, token)
        _require_letterless(row)
        if row["address_corrections"] >= MOST_CORRECTIONS and not by_organizer:
            raise InputError(
                {"street": phrase("You have corrected this address too many times. Start again with the form.")}
            )
        values |= {
            "address_corrections": row["address_corrections"] + 1,
            "due_at": func.now(),
            "lookup_status": None,
            "suggestions": [],
            "lookup_reason": "",
            "match_type": None,
        }
        values |= {"lookup_attempt": row["lookup_attempt"] + 1, "lease_until": None}
        if row["state"] == SubmissionState.DRAFT.value:
            submissions.update_submission(connection, row["id"], values)
        else:
            submissions.change_submission(connection, row, SubmissionState.DRAFT, values)
    ring.ring(TaskName.PREPARE_SUBMISSIONS)


def answer_doubt(engine: Engine, ring: Ring, token: str, chosen: Mapping[Chamber, int]) -> None:
    """The supporter says which candidates are theirs; raises InputError for a chamber without an answer."""
    with engine.begin() as connection:
        row = _require(connection, token)
        _require_letterless(row)
        if row["state"] != SubmissionState.NEEDS_ADDRESS.value:
            return
        candidates = [office for office, asked, _ in targets.read_targets(connection, row["id"]) if asked]
        if not candidates:
            raise InputError({"street": phrase("Your address has changed since. Check it and look again.")})
        for chamber in {office.chamber for office in candidates}:
            if chosen.get(chamber) not in {office.office_id for office in candidates if office.chamber is chamber}:
                raise InputError({chamber.value: phrase("Choose the one who represents you, or correct your address.")})
        targets.answer_candidates(connection, row["id"], set(chosen.values()))
        submissions.make_ready(connection, row, {"match_type": "hand_picked"})
    ring.ring(TaskName.PREPARE_SUBMISSIONS)


def undo_submission(engine: Engine, token: str) -> None:
    """Takes the letters back while none has left; raises NotAllowed with the reason otherwise."""
    with engine.begin() as connection:
        row = _require(connection, token)
        if row["state"] == SubmissionState.WITHDRAWN.value:
            return
        letterless = row["accepted_at"] is not None and row["expected_letters"] is None
        if not letterless and (row["leaves_at"] is None or row["leaves_at"] <= now()):
            raise NotAllowed(phrase("Your letters are already leaving. They can't be taken back any more."))
        for letter in letters.lock_letters_of_submission(connection, row["id"]):
            if letter["state"] == LetterState.CANCELLED.value:
                continue
            if LetterState(letter["state"]) not in CANCELLABLE:
                raise NotAllowed(phrase("A letter is already leaving. It can't be taken back any more."))
            letters.change_letter(connection, letter, LetterState.CANCELLED, actor="supporter", cause=Cause.SUPPORTER)
        for mail in follow_ups.lock_waiting(connection, row["id"]):
            follow_ups.change_follow_up(connection, mail, LetterState.CANCELLED)
        submissions.change_submission(connection, row, SubmissionState.WITHDRAWN)


def send_now(engine: Engine, ring: Ring, token: str) -> None:
    """Ends the time for undo: the letters are due at once."""
    with engine.begin() as connection:
        row = _require(connection, token)
        if row["leaves_at"] is None or row["leaves_at"] <= now():
            return
        submissions.update_submission(connection, row["id"], {"leaves_at": func.now()})
        letters.make_due(connection, row["id"])
    ring.ring(TaskName.DELIVER_LETTERS)


def _require(connection: Connection, token: str) -> RowMapping:
    row = submissions.lock_submission(connection, token)
    if row is None:
        raise NotFound(LETTER_GONE)
    return row


def _require_letterless(row: RowMapping) -> None:
    if row["expected_letters"] is not None or row["state"] == SubmissionState.WITHDRAWN.value:
        raise NotAllowed(phrase("These letters are already on their way. Start again to write from another address."))


def _draft_values(settings: Settings, details: SupporterDetails, source: str) -> dict[str, Any]:
    values = checked_details(details)
    hashed = email_hash(settings.secret_key, values["email"])
    return {**values, "token": new_token(), "source": clean_source(source), "email_hash": hashed}


def _begin(connection: Connection, stored: StoredCampaign, values: Mapping[str, Any]) -> bool:
    campaign = stored.campaign
    of_campaign = {"language": campaign.language, "us_state": values["us_state"] or campaign.jurisdiction.upper()}
    return submissions.insert_submission(connection, stored, {**values, **of_campaign})
