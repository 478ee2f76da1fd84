"""Campaign updates: emails that an organizer writes to those who agreed to hear more from one organization.

Written, tested on the organizer's own address, then sent once to each person. Whoever unsubscribed or took the consent
back gets none, also when that happens while an update is on its way.
"""

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import updates
from shared.domain.campaigns import StoredCampaign
from shared.domain.updates import UpdateWords, checked_update
from shared.errors import NotAllowed
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.update_view import as_update, require_row, require_tested, require_unsent, words_of

_LOG = structlog.get_logger()
NOBODY_IS_ASKED = "This campaign asks nobody whether they want to hear more, so there is nobody to send an update to."


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
        if words_of(_lock_unsent(connection, stored.id, number)) != words:
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
        row = require_row(updates.lock_update(connection, stored.id, number))
        if row["sent_at"] is not None:
            return int(row["recipients"])
        require_tested(as_update(row))
        if words_of(row).mark != mark:
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
        if words_of(_lock_unsent(connection, stored.id, number)) == words:
            updates.mark_tested(connection, number)


def _require_organizations(stored: StoredCampaign) -> None:
    if not stored.campaign.consents:
        raise NotAllowed(NOBODY_IS_ASKED)


def _lock_unsent(connection: Connection, campaign_id: int, number: int) -> RowMapping:
    row = require_row(updates.lock_update(connection, campaign_id, number))
    require_unsent(as_update(row))
    return row
