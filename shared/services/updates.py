"""Campaign updates: emails that an organizer writes to those who agreed to hear more from one organization.

Written, tested on the organizer's own address, then sent once to each person. People who unsubscribed or took
their consent back get none, even when they do so while an update is on its way.
"""

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import mailings, updates
from shared.domain.campaigns import StoredCampaign
from shared.domain.follow_ups import UPDATE, Need, PlannedStep
from shared.domain.mailings import MailingState
from shared.domain.updates import UpdateWords, checked_update
from shared.errors import NotAllowed
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.mailings import prepare_first
from shared.services.update_view import as_update, read_update, require_row, require_tested, require_unsent, words_of

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
    """Decides that everybody who agreed gets it; for how many of them the email is prepared already.

    Workers prepare the rest. `mark` is that of the words which the organizer saw. A second time changes nothing.
    Raises NotFound, and NotAllowed without a test of exactly these words.
    """
    with engine.begin() as connection:
        row = require_row(updates.lock_update(connection, stored.id, number))
        if row["sent_at"] is None:
            mailing = _release(connection, stored, row, mark=mark, actor=actor)
    if row["sent_at"] is None:
        _LOG.info("update.sent", update_id=number, campaign_id=stored.id, mailing_id=mailing, actor=actor)
        prepare_first(engine, mailing)
        ring.ring(TaskName.PREPARE_MAILINGS)
        ring.ring(TaskName.SEND_MAIL)
    return read_update(engine, stored.id, number).recipients


def stop_update(engine: Engine, stored: StoredCampaign, number: int, *, actor: str) -> None:
    """Ends an update: emails that have not left do not leave. Raises NotFound, and NotAllowed once all are prepared."""
    with engine.begin() as connection:
        require_row(updates.lock_update(connection, stored.id, number))
        mailing = mailings.find_of_update(connection, number)
        if mailing is None or not mailings.end(connection, mailing.number, MailingState.STOPPED):
            raise NotAllowed("All emails of this update are prepared already. It can't be stopped any more.")
        updates.write_recipients(connection, number, mailings.read_prepared(connection, mailing.number))
    _LOG.info("update.stopped", update_id=number, campaign_id=stored.id, actor=actor)


def _release(connection: Connection, stored: StoredCampaign, row: RowMapping, *, mark: str, actor: str) -> int:
    """The number of the mailing."""
    require_tested(as_update(row))
    if words_of(row).mark != mark:
        raise NotAllowed("Another organizer has changed this update since you read it. Read it again.")
    organization = row["organization"]
    if organization not in stored.campaign.consents:
        raise NotAllowed(f"This campaign no longer names {organization}. Choose another sender.")
    if not mailings.any_agreed(connection, stored.id, organization):
        raise NotAllowed(f"Nobody has agreed to hear from {organization} yet. Nothing was sent.")
    updates.mark_sent(connection, row["id"])
    step = PlannedStep(UPDATE, row["id"], needs=(Need.CONSENTED, Need.NOT_STOPPED))
    return mailings.insert_mailing(
        connection, stored.id, [step], actor=actor, update_id=row["id"], organization=organization
    )


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
