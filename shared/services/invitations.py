"""Personal links for people whom organizers know: a prepared draft, opened filled in. A forwarded link asks first.

Opening never sends. The first browser that opens a link gets the letter; any other one must name the email address
that the link was made for, so that whoever gets it passed on sees nobody's name or home.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from sqlalchemy import Connection, Engine

from shared.db import campaigns, invitations, submissions
from shared.db.driver import Row
from shared.domain.campaigns import StoredCampaign
from shared.domain.identities import email_hash, invitation_key, is_invitation_key
from shared.domain.supporter_input import SupporterDetails
from shared.errors import InputError, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.campaigns import OPEN_STATES, is_published, read_campaign, require_not_ended
from shared.services.owner_links import BROKEN_LINK
from shared.services.submissions import insert_draft
from shared.settings import Settings

_BATCH = 500
# Guesses of a link's email address within a day: enough for slips.
MOST_GUESSES = 10


class Welcome(StrEnum):
    """What whoever opens a personal link gets."""

    LETTER = "letter"
    QUESTION = "question"
    STATUS = "status"
    CLOSED = "closed"


class Guess(StrEnum):
    """The result for an email address that a visitor types behind a forwarded link; refused ones are not compared."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSED = "refused"


@dataclass(frozen=True)
class Opened:
    """A personal link, opened. `masked_email` is what a stranger may see of its owner."""

    welcome: Welcome
    stored: StoredCampaign
    token: str
    masked_email: str


@dataclass(frozen=True)
class Invited:
    """One person of a list: the link, or in plain words why there is none."""

    link: str
    problem: str = ""


def invite(
    engine: Engine, settings: Settings, slug: str, people: Iterable[SupporterDetails], *, source: str
) -> Iterator[Invited]:
    """Prepares a draft for each person, in their order. Raises NotFound, NotAllowed."""
    stored = read_campaign(engine, slug)
    require_not_ended(stored)
    waiting = iter(people)
    while batch := list(islice(waiting, _BATCH)):
        with engine.begin() as connection:
            made = [_prepare(connection, settings, stored, person, source) for person in batch]
            invitations.add_invitations(connection, [token for token, _ in made if token])
        yield from (Invited(_link(settings, token) if token else "", problem) for token, problem in made)


def open_invitation(
    engine: Engine,
    ring: Ring,
    settings: Settings,
    token: str,
    key: str,
    *,
    is_owned: bool,
    sees_draft: Callable[[str], bool],
) -> Opened:
    """What this browser may see behind a link; notes the first opening, and begins its lookup. Raises NotFound.

    `sees_draft` says whether this browser may see the campaign of a slug before it is published.
    """
    with engine.begin() as connection:
        row = _require(connection, settings, token, key)
        stored = campaigns.campaign_of(connection, row)
        is_hidden = not is_published(stored) and not sees_draft(stored.campaign.slug)
        welcome = Welcome.CLOSED if is_hidden else _welcome(connection, row, stored, is_owned=is_owned)
    if welcome is Welcome.LETTER:
        ring.ring(TaskName.PREPARE_SUBMISSIONS)
    return Opened(welcome, stored, token, mask(row["email"]))


def guess_owner(engine: Engine, settings: Settings, token: str, key: str, typed: str) -> Guess:
    """Compares the typed address with the one that the link was made for. Raises NotFound.

    A guess counts before it is compared, so that many at once are no more than their number. They count for the link,
    from whatever network, in all processes.
    """
    with engine.begin() as connection:
        row = _require(connection, settings, token, key)
        if invitations.count_guess(connection, row["id"]) > MOST_GUESSES:
            return Guess.REFUSED
        if not hmac.compare_digest(email_hash(settings.secret_key, typed), row["email_hash"]):
            return Guess.WRONG
        invitations.forget_guesses(connection, row["id"])
        return Guess.RIGHT


def mask(email: str) -> str:
    """`j•••@example.org`: enough to recognize one's own, too little to learn another's."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}"


def _prepare(
    connection: Connection, settings: Settings, stored: StoredCampaign, person: SupporterDetails, source: str
) -> tuple[str, str]:
    """The draft's token, or why there is none."""
    try:
        return insert_draft(connection, settings, stored, person, source=source), ""
    except InputError as error:
        return "", "; ".join(str(words) for words in error.fields.values())


def _link(settings: Settings, token: str) -> str:
    return f"{settings.public_url}/go/{token}/{invitation_key(settings.secret_key, token)}"


def _require(connection: Connection, settings: Settings, token: str, key: str) -> Row:
    row = submissions.find_submission(connection, token) if is_invitation_key(settings.secret_key, token, key) else None
    if row is None or row["scrubbed_at"] is not None:
        raise NotFound(BROKEN_LINK)
    return row


def _welcome(connection: Connection, row: Row, stored: StoredCampaign, *, is_owned: bool) -> Welcome:
    if row["accepted_at"] is not None:
        return Welcome.STATUS
    if stored.state not in OPEN_STATES:
        return Welcome.CLOSED
    if is_owned or invitations.mark_opened(connection, row["id"]):
        return Welcome.LETTER
    return Welcome.QUESTION
