"""Campaign updates: emails that an organizer writes to those who agreed to hear more from one organization.

Written, tested on the organizer's own address, then sent once to each person. Whoever unsubscribed or took the consent
back gets none, also when that happens while an update is on its way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import updates
from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.states import WAITING, LetterState
from shared.domain.updates import UpdateState, UpdateWords, checked_update
from shared.errors import NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring

_LOG = structlog.get_logger()
NOBODY_IS_ASKED = "This campaign asks nobody whether they want to hear more, so there is nobody to send an update to."
_GONE = "There is no such update. Somebody may have deleted it."
_WAITS = WAITING | {LetterState.SENDING}
_ARRIVES = frozenset({LetterState.SENT, LetterState.DELIVERED, LetterState.UNCERTAIN, LetterState.UNCONFIRMED})
_FAILS = frozenset({LetterState.BOUNCED, LetterState.REJECTED, LetterState.EXPIRED, LetterState.QUARANTINED})


@dataclass(frozen=True)
class Audience:
    """Who agreed to hear from an organization, each person once.

    `practised` wrote test letters only: their email stays in the local mailbox.
    """

    organization: str
    people: int
    practised: int


@dataclass(frozen=True)
class Progress:
    """What became of an update's emails. `not_needed`: they unsubscribed or took the consent back before it left."""

    waiting: int = 0
    sent: int = 0
    failed: int = 0
    not_needed: int = 0
    unsubscribed: int = 0


@dataclass(frozen=True)
class Update:
    """One update; `recipients` and `progress` once it is sent."""

    number: int
    words: UpdateWords
    state: UpdateState
    sent_at: datetime | None
    recipients: int
    progress: Progress = field(default_factory=Progress)


def count_audiences(engine: Engine, stored: StoredCampaign) -> list[Audience]:
    """Everybody who may be written to, for each organization that the campaign names."""
    with at_once(engine) as connection:
        return [
            Audience(organization, *updates.count_agreed(connection, stored.id, organization))
            for organization in stored.campaign.consents
        ]


def count_audience(engine: Engine, stored: StoredCampaign, organization: str) -> Audience:
    """Everybody who may be written to by this organization."""
    with at_once(engine) as connection:
        return Audience(organization, *updates.count_agreed(connection, stored.id, organization))


def list_updates(engine: Engine, campaign_id: int) -> list[Update]:
    """The campaign's updates, newest first."""
    with at_once(engine) as connection:
        rows = updates.list_updates(connection, campaign_id)
        emails = updates.count_emails(connection, [row["id"] for row in rows])
    return [_update(row, emails[row["id"]]) for row in rows]


def read_update(engine: Engine, campaign_id: int, number: int) -> Update:
    """One update with its progress; raises NotFound."""
    with at_once(engine) as connection:
        row = _require(updates.find_update(connection, campaign_id, number))
        if row["sent_at"] is None:
            return _update(row, {})
        emails = updates.count_emails(connection, [number])[number]
        return _update(row, emails, updates.count_left_since(connection, row))


def save_update(engine: Engine, stored: StoredCampaign, number: int | None, typed: UpdateWords, *, actor: str) -> int:
    """Keeps the words, as a new update without a `number`; returns it. Other words than before need a new test.

    Raises InputError, NotFound, and NotAllowed for what was sent already.
    """
    _require_organizations(stored)
    words = checked_update(typed, stored.campaign.consents)
    values = {"organization": words.organization, "subject": words.subject, "body": words.body}
    with engine.begin() as connection:
        if number is None:
            return updates.insert_update(connection, stored.id, **values, actor=actor)
        if _words(_lock_unsent(connection, stored.id, number)) != words:
            updates.change_update(connection, number, **values)
    return number


def delete_update(engine: Engine, stored: StoredCampaign, number: int) -> None:
    """Throws a draft away; raises NotFound, and NotAllowed for what was sent."""
    with engine.begin() as connection:
        _lock_unsent(connection, stored.id, number)
        updates.delete_update(connection, number)


def send_update(engine: Engine, ring: Ring, stored: StoredCampaign, number: int, *, mark: str, actor: str) -> int:
    """An email to everybody who agreed; how many. `mark` is that of the words which the organizer saw.

    A second time changes nothing. Raises NotFound, and NotAllowed without a test of exactly these words.
    """
    with engine.begin() as connection:
        row = _require(updates.lock_update(connection, stored.id, number))
        if row["sent_at"] is not None:
            return int(row["recipients"])
        require_tested(_update(row, {}))
        if _words(row).mark != mark:
            raise NotAllowed("Somebody has changed this update since you read it. Read it again.")
        if row["organization"] not in stored.campaign.consents:
            raise NotAllowed(f"This campaign no longer names {row['organization']}. Choose another sender.")
        recipients = updates.send_update(connection, row)
        if not recipients:
            raise NotAllowed(f"Nobody has agreed to hear from {row['organization']} yet. Nothing was sent.")
    _LOG.info("update.sent", update_id=number, campaign_id=stored.id, recipients=recipients, actor=actor)
    ring.ring(TaskName.SEND_MAIL)
    return recipients


def note_test(engine: Engine, stored: StoredCampaign, number: int, words: UpdateWords) -> None:
    """An organizer has got these words; nothing when they were changed meanwhile."""
    with engine.begin() as connection:
        if _words(_lock_unsent(connection, stored.id, number)) == words:
            updates.mark_tested(connection, number)


def require_tested(update: Update) -> None:
    """Raises NotAllowed for words that no organizer has got as an email."""
    if update.state is UpdateState.DRAFT:
        raise NotAllowed("Send yourself a test of exactly these words first.")


def require_unsent(update: Update) -> None:
    """Raises NotAllowed for an update that people have got."""
    if update.state is UpdateState.SENT:
        raise NotAllowed("This update was sent. It stays as it was.")


def _require_organizations(stored: StoredCampaign) -> None:
    if not stored.campaign.consents:
        raise NotAllowed(NOBODY_IS_ASKED)


def _require(row: RowMapping | None) -> RowMapping:
    if row is None:
        raise NotFound(_GONE)
    return row


def _lock_unsent(connection: Connection, campaign_id: int, number: int) -> RowMapping:
    row = _require(updates.lock_update(connection, campaign_id, number))
    require_unsent(_update(row, {}))
    return row


def _words(row: RowMapping) -> UpdateWords:
    return UpdateWords(row["organization"], row["subject"], row["body"])


def _update(row: RowMapping, emails: Mapping[LetterState, int], unsubscribed: int = 0) -> Update:
    def total(states: frozenset[LetterState]) -> int:
        return sum(emails.get(state, 0) for state in states)

    state = UpdateState.TESTED if row["tested_at"] else UpdateState.DRAFT
    return Update(
        number=row["id"],
        words=_words(row),
        state=UpdateState.SENT if row["sent_at"] else state,
        sent_at=row["sent_at"],
        recipients=row["recipients"] or 0,
        progress=Progress(
            total(_WAITS), total(_ARRIVES), total(_FAILS), emails.get(LetterState.CANCELLED, 0), unsubscribed
        ),
    )
