"""What organizers read about updates: who could get one, the words, how far each has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Engine, RowMapping

from shared.db import mailings, updates
from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.mailings import Mailing
from shared.domain.states import WAITING, LetterState
from shared.domain.updates import UpdateState, UpdateWords
from shared.errors import NotAllowed, NotFound

_GONE = "There is no such update. Somebody may have deleted it."
_NONE: Mapping[LetterState, int] = {}
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
    """One update; `recipients` and `mailing` once it is sent, and `progress` when it was read by itself.

    While emails are prepared, `recipients` are those who have theirs.
    """

    number: int
    words: UpdateWords
    state: UpdateState
    sent_at: datetime | None
    recipients: int
    progress: Progress = field(default_factory=Progress)
    mailing: Mailing | None = None


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
    """The campaign's updates, newest first, without their progress."""
    with at_once(engine) as connection:
        found = mailings.list_of_updates(connection, campaign_id)
        rows = updates.list_updates(connection, campaign_id)
    return [_with_mailing(as_update(row), row, found.get(row["id"])) for row in rows]


def read_update(engine: Engine, campaign_id: int, number: int) -> Update:
    """One update with its progress; raises NotFound."""
    with at_once(engine) as connection:
        row = require_row(updates.find_update(connection, campaign_id, number))
        if row["sent_at"] is None:
            return as_update(row)
        emails = updates.count_emails(connection, number)
        found = as_update(row, emails, updates.count_left_since(connection, row))
        mailing = mailings.find_of_update(connection, number)
    return _with_mailing(found, row, mailing)


def _with_mailing(found: Update, row: RowMapping, mailing: Mailing | None) -> Update:
    recipients = mailing.prepared if mailing and row["recipients"] is None else found.recipients
    return replace(found, mailing=mailing, recipients=recipients)


def require_tested(update: Update) -> None:
    """Raises NotAllowed for words that no organizer has got as an email."""
    if update.state is UpdateState.DRAFT:
        raise NotAllowed("Send yourself a test of exactly these words first.")


def require_unsent(update: Update) -> None:
    """Raises NotAllowed for an update that people have got."""
    if update.state is UpdateState.SENT:
        raise NotAllowed("This update was sent. It stays as it was.")


def require_row(row: RowMapping | None) -> RowMapping:
    """The row; raises NotFound when there is none."""
    if row is None:
        raise NotFound(_GONE)
    return row


def words_of(row: RowMapping) -> UpdateWords:
    """What stands in a row."""
    return UpdateWords(row["organization"], row["subject"], row["body"])


def as_update(row: RowMapping, emails: Mapping[LetterState, int] = _NONE, unsubscribed: int = 0) -> Update:
    """A row with what became of its emails."""

    def total(states: frozenset[LetterState]) -> int:
        return sum(emails.get(state, 0) for state in states)

    state = UpdateState.TESTED if row["tested_at"] else UpdateState.DRAFT
    return Update(
        number=row["id"],
        words=words_of(row),
        state=UpdateState.SENT if row["sent_at"] else state,
        sent_at=row["sent_at"],
        recipients=row["recipients"] or 0,
        progress=Progress(
            total(_WAITS), total(_ARRIVES), total(_FAILS), emails.get(LetterState.CANCELLED, 0), unsubscribed
        ),
    )
