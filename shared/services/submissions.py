"""What a supporter does, from address to Send and Undo. Each is one transaction, then a ring."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, Engine, RowMapping, func

from shared.clock import now
from shared.db import campaigns, follow_ups, letters, submissions
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.causes import Cause
from shared.domain.identities import email_hash, new_token
from shared.domain.merge_fields import RECIPIENT_FIELDS, canonical, find_problems
from shared.domain.places import Chamber, HomeAddress
from shared.domain.states import CANCELLABLE, LetterState, SubmissionState
from shared.domain.transport import Route, Transport, choose_route
from shared.domain.typed_text import clean_line, clean_text
from shared.errors import InputError, NotAllowed, NotFound
from shared.failpoints import failpoint
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.campaigns import require_campaign, require_open
from shared.services.follow_up_plan import plan_follow_ups, plan_step
from shared.services.lookup import has_real_directory
from shared.settings import Settings

OWN_WORDS_MAX = 1_000
SUBJECT_MAX = 200
BODY_MAX = 10_000
NAME_MAX = 100


@dataclass(frozen=True)
class SupporterDetails:
    """What step 1 asks for, as typed."""

    first_name: str
    last_name: str
    email: str
    address: HomeAddress


def begin_submission(
    engine: Engine,
    ring: Ring,
    settings: Settings,
    slug: str,
    details: SupporterDetails,
    *,
    source: str = "",
) -> str:
    """Stores a draft whose lookup begins at once; returns its token. An address without a state is the campaign's.

    Raises NotFound, NotAllowed, InputError.
    """
    values = _checked_details(details)
    with engine.begin() as connection:
        stored = require_campaign(connection, slug)
        campaign = require_open(stored)
        token = new_token()
        values |= {"token": token, "campaign_id": stored.id, "source": clean_line(source)[:40]}
        values |= {"language": campaign.language, "us_state": values["us_state"] or campaign.jurisdiction.upper()}
        values["email_hash"] = email_hash(settings.secret_key, values["email"])
        submissions.insert_submission(connection, values)
    ring.ring(TaskName.PREPARE_SUBMISSIONS)
    return token


def save_draft(
    engine: Engine,
    token: str,
    *,
    own_words: str,
    edited_subject: str | None,
    edited_body: str | None,
    chosen: set[int] | None = None,
) -> None:
    """Keeps what the supporter typed without sending; raises InputError, NotAllowed once it was sent."""
    values = _checked_words(own_words, edited_subject, edited_body)
    with engine.begin() as connection:
        row = _require(connection, token)
        if row["accepted_at"] is not None:
            raise NotAllowed("This letter was already sent. It can't be changed any more.")
        submissions.update_submission(connection, row["id"], values)
        if chosen is not None:
            submissions.choose_targets(connection, row["id"], chosen)


def correct_address(engine: Engine, ring: Ring, token: str, address: HomeAddress) -> None:
    """Looks again with another address; raises NotAllowed once letters exist, InputError for an incomplete one."""
    values = _checked_address(address)
    with engine.begin() as connection:
        row = _require(connection, token)
        _require_letterless(row)
        values |= {
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
        candidates = [office for office, asked, _ in submissions.read_targets(connection, row["id"]) if asked]
        if not candidates:
            raise InputError({"street": "Your address has changed since. Check it and look again."})
        for chamber in {office.chamber for office in candidates}:
            if chosen.get(chamber) not in {office.office_id for office in candidates if office.chamber is chamber}:
                raise InputError({chamber.value: "Choose the one who represents you, or correct your address."})
        submissions.answer_candidates(connection, row["id"], set(chosen.values()))
        submissions.make_ready(connection, row, {"match_type": "hand_picked"})
    ring.ring(TaskName.PREPARE_SUBMISSIONS)


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
) -> None:
    """Send was pressed: one transaction fixes text, choices, route and the moment. A second press changes nothing.

    `own_words` None keeps what was saved before, `keep_edit` does so for the edited letter; `chosen` None means all of
    the supporter's own offices. Raises InputError, NotAllowed, NotFound.
    """
    words = _checked_words(own_words or "", edited_subject, edited_body)
    kept = {*(("own_words",) if own_words is None else ()), *(("edited_subject", "edited_body") if keep_edit else ())}
    words = {name: value for name, value in words.items() if name not in kept}
    with engine.begin() as connection:
        row = _require(connection, token)
        if row["accepted_at"] is not None:
            return
        stored = campaigns.campaign_of(connection, row)
        campaign = require_open(stored)
        targets = submissions.read_targets(connection, row["id"])
        if chosen is not None and targets:
            if not chosen & {office.office_id for office, _, _ in targets}:
                raise InputError({"chosen": "Choose at least one legislator to write to."})
            submissions.choose_targets(connection, row["id"], chosen)
        route = _route(connection, settings, stored, is_practice=any(office.is_practice for office, _, _ in targets))
        undo = timedelta(minutes=0 if route.is_test else campaign.undo_minutes)
        values = words | {
            "accepted_at": func.now(),
            "leaves_at": func.now() + undo,
            "is_test": route.is_test,
            "transport": route.transport.value,
            "consents": _consents(campaign, consents, row["language"]),
        }
        submissions.update_submission(connection, row["id"], values)
        plan_follow_ups(connection, row, campaign, "accepted", route)
        if row["state"] == SubmissionState.NEEDS_ADDRESS.value:
            plan_step(connection, row, "fix_address", route)
        failpoint("accept.before_commit")
    failpoint("accept.after_commit")
    ring.ring(TaskName.PREPARE_SUBMISSIONS)
    ring.ring(TaskName.SEND_MAIL)


def undo_submission(engine: Engine, token: str) -> None:
    """Takes the letters back while none has left; raises NotAllowed with the reason otherwise."""
    with engine.begin() as connection:
        row = _require(connection, token)
        if row["state"] == SubmissionState.WITHDRAWN.value:
            return
        letterless = row["accepted_at"] is not None and row["expected_letters"] is None
        if not letterless and (row["leaves_at"] is None or row["leaves_at"] <= now()):
            raise NotAllowed("Your letters are already leaving. They can't be taken back any more.")
        for letter in letters.letters_of_submission(connection, row["id"], lock=True):
            if letter["state"] == LetterState.CANCELLED.value:
                continue
            if LetterState(letter["state"]) not in CANCELLABLE:
                raise NotAllowed("A letter is already leaving. It can't be taken back any more.")
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
    row = submissions.find_submission(connection, token, lock=True)
    if row is None:
        raise NotFound("We have no letter at this address. It may have been deleted.")
    return row


def _require_letterless(row: RowMapping) -> None:
    if row["expected_letters"] is not None or row["state"] == SubmissionState.WITHDRAWN.value:
        raise NotAllowed("These letters are already on their way. Start again to write from another address.")


def _route(connection: Connection, settings: Settings, stored: StoredCampaign, *, is_practice: bool) -> Route:
    practice = is_practice or not has_real_directory(connection, stored.campaign.jurisdiction)
    relay = Transport(settings.mail_route) if settings.relay_configured else None
    return choose_route(stored.state, relay, is_practice=practice)


def _consents(campaign: Campaign, given: tuple[str, ...], language: str) -> list[dict[str, Any]]:
    """Consent per organization, with when and in which language it was given."""
    at = now().isoformat()
    return [{"organization": name, "at": at, "language": language} for name in campaign.consents if name in given]


def _checked_details(details: SupporterDetails) -> dict[str, Any]:
    values = {"first_name": clean_line(details.first_name), "last_name": clean_line(details.last_name)}
    wrong = {}
    for field, words in (("first_name", "Enter your first name"), ("last_name", "Enter your last name")):
        if not values[field]:
            wrong[field] = words
        elif len(values[field]) > NAME_MAX:
            wrong[field] = f"{words.removeprefix('Enter your ').capitalize()} must be {NAME_MAX} characters or fewer"
    try:
        values["email"] = _ascii_email(clean_line(details.email))
    except EmailNotValidError:
        wrong["email"] = "Enter an email address in the form name@example.org"
    try:
        values |= _checked_address(details.address)
    except InputError as error:
        wrong |= error.fields
    if wrong:
        raise InputError(wrong)
    return values


def _ascii_email(typed: str) -> str:
    found = validate_email(typed, check_deliverability=False, test_environment=True)
    if not found.ascii_email:
        raise EmailNotValidError("The part before the at sign has letters that mail servers refuse.")
    return found.ascii_email


def _checked_address(address: HomeAddress) -> dict[str, Any]:
    values = {
        "street": clean_line(address.street)[:200],
        "unit": clean_line(address.unit)[:50],
        "city": clean_line(address.city)[:100],
        "zip": clean_line(address.zip)[:10],
        "us_state": clean_line(address.state)[:2].upper(),
    }
    wrong = {}
    if not values["street"]:
        wrong["street"] = "Enter your home street address with its number"
    if not values["city"]:
        wrong["city"] = "Enter your city or town"
    if wrong:
        raise InputError(wrong)
    return values


def _checked_words(own_words: str, edited_subject: str | None, edited_body: str | None) -> dict[str, Any]:
    wrong = {}
    words = clean_text(own_words)
    if len(words) > OWN_WORDS_MAX:
        wrong["own_words"] = f"Your own words must be {OWN_WORDS_MAX:,} characters or fewer"
    subject = None if edited_subject is None else canonical(clean_line(edited_subject))
    body = None if edited_body is None else canonical(clean_text(edited_body))
    for field, text, most in (("edited_subject", subject, SUBJECT_MAX), ("edited_body", body, BODY_MAX)):
        if text is None:
            continue
        if not text:
            wrong[field] = "Write something here, or go back to the letter as it was"
        elif len(text) > most:
            wrong[field] = f"This must be {most:,} characters or fewer"
        elif problems := find_problems(text, allowed=RECIPIENT_FIELDS):
            wrong[field] = f"Take out the curly brackets: {problems[0][1]}"
    if wrong:
        raise InputError(wrong)
    return {"own_words": words, "edited_subject": subject, "edited_body": body}
